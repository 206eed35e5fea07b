/**
 * Ops that exporters take apart, put together again: what PyTorch knows by one name is one step here, with its kernel
 * and gradient.
 */
import { lookUp } from "../core/look-up.js";
import type { Step } from "../nn/imported/step.js";
import type { Net } from "./net.js";

/** Who makes and who reads each value. */
export class Links {
  readonly net: Net;
  readonly makers = new Map<string, Step>();
  readonly readers = new Map<string, Step[]>();

  constructor(net: Net) {
    this.net = net;
    for (const step of net.steps) {
      for (const output of step.outputs) this.makers.set(output, step);
      for (const input of step.inputs) this.readers.set(input, [...(this.readers.get(input) ?? []), step]);
    }
  }

  /** The only step that reads the only output of `step`, which is no output of the net. */
  next(step: Step | undefined, op: string): Step | undefined {
    const output = step?.outputs[0];
    if (output === undefined || this.net.outputs.includes(output)) return undefined;
    const readers = this.readers.get(output) ?? [];
    return readers.length === 1 && readers[0].op === op ? readers[0] : undefined;
  }

  /** The other of two inputs. */
  other(step: Step, name: string): string {
    return step.inputs[step.inputs[0] === name ? 1 : 0];
  }
}

/** What a step and those after it come to; undefined where they are no pattern. */
export type Pattern = (step: Step, links: Links) => { step: Step; replaces: Step[] } | undefined;

/** x · sigmoid(x), and x · hardSigmoid(x) with a slope of a sixth. */
export const swish: Pattern = (step, links) => {
  const { alpha, beta } = step.attributes;
  const isHard = step.op === "hardSigmoid" && Math.abs((alpha as number) - 1 / 6) < 1e-6 && beta === 0.5;
  const scaled = step.op === "sigmoid" || isHard ? links.next(step, "mul") : undefined;
  if (!scaled || links.other(scaled, step.outputs[0]) !== step.inputs[0]) return undefined;
  const op = isHard ? "hardSwish" : "silu";
  return { step: { ...step, op, attributes: {}, outputs: scaled.outputs }, replaces: [step, scaled] };
};

/** The net with every pattern found, in the place of its last step; patterns of patterns too. */
export function recognise(net: Net, patterns: readonly Pattern[]): Net {
  const found = recogniseOnce(net, patterns);
  return found.steps.length < net.steps.length ? recognise(found, patterns) : found;
}

function recogniseOnce(net: Net, patterns: readonly Pattern[]): Net {
  const links = new Links(net);
  const replaced = new Set<Step>();
  const put = new Map<Step, Step>();
  for (const step of net.steps) {
    for (const pattern of patterns) {
      const found = replaced.has(step) ? undefined : pattern(step, links);
      if (!found || found.replaces.some((each) => replaced.has(each))) continue;
      // Nothing else may read what is between.
      const inside = found.replaces
        .flatMap(({ outputs }) => outputs)
        .filter((output) => !found.step.outputs.includes(output));
      const isClosed = inside.every(
        (output) =>
          !net.outputs.includes(output) &&
          links.readers.get(output)?.every((reader) => found.replaces.includes(reader)),
      );
      if (!isClosed) continue;
      for (const each of found.replaces) replaced.add(each);
      put.set(lookUp(links.makers, found.step.outputs[0]), found.step);
    }
  }
  const steps = net.steps.flatMap((step) => {
    const found = put.get(step);
    return found ? [found] : replaced.has(step) ? [] : [step];
  });
  return { ...net, steps };
}
