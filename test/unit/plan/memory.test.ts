// The planner's promises, on random networks. A plan is run by hand on labels instead of numbers: each cache line of the
// arena knows which value was written to it last, and whoever reads must find the value it asks for.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Node } from "../../../src/graph/op.js";
import { bytesOf, type ValueId } from "../../../src/graph/value.js";
import type { Plan } from "../../../src/plan/plan.js";
import { RUNS, readyMade, samples } from "../../support/networks.js";
import { kinds, planOf, valuesOf } from "./requests.js";

const LINE = 64;

class Labels {
  readonly #plan: Plan;
  readonly #lines: (ValueId | undefined)[];

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#lines = new Array(plan.arena.bytes / LINE);
  }

  /** First and last line of a value, or null where it stands outside of the arena. */
  #range(id: ValueId): [number, number] | null {
    const { graph, prepared, arena } = this.#plan;
    if (["parameter", "buffer", "gradient"].includes(graph.values[id].role) || prepared.has(id)) return null;
    const offset = arena.offsets.get(id);
    if (offset === undefined || offset % LINE !== 0) throw new Error(`%${id} stands at ${offset}`);
    const end = offset + bytesOf(graph.values[id]);
    if (end > arena.bytes) throw new Error(`%${id} ends at ${end} of ${arena.bytes}`);
    return [offset / LINE, Math.ceil(end / LINE) - 1];
  }

  write(id: ValueId): void {
    const range = this.#range(id);
    if (range) this.#lines.fill(this.#plan.graph.root(id), range[0], range[1] + 1);
  }

  read(id: ValueId, who: string): void {
    const range = this.#range(id);
    if (!range) return;
    const root = this.#plan.graph.root(id);
    for (let line = range[0]; line <= range[1]; line++)
      if (this.#lines[line] !== root) throw new Error(`${who} looks for %${id} and finds %${this.#lines[line]}`);
  }

  overlap(a: ValueId, b: ValueId): boolean {
    const [one, other] = [this.#range(a), this.#range(b)];
    return one !== null && other !== null && one[0] <= other[1] && other[0] <= one[1];
  }

  samePlace(a: ValueId, b: ValueId): boolean {
    return String(this.#range(a)) === String(this.#range(b));
  }
}

/** Outputs may stand on inputs only where the op allows it, on the whole of one input, and on no other. */
function checkOverlaps(labels: Labels, node: Node): void {
  if (node.op.isAlias) return;
  const allowed = node.op.inPlace?.(node.attributes) ?? [];
  node.outputs.forEach((output, i) => {
    node.inputs.forEach((input, j) => {
      if (!labels.overlap(output, input)) return;
      const legal = i === 0 && allowed.includes(j) && labels.samePlace(output, input);
      const readTwice = node.inputs.some((id, k) => k !== j && labels.overlap(id, input));
      if (!legal || readTwice) throw new Error(`${node.op.name} writes %${output} over %${input}`);
    });
    for (const other of node.outputs.slice(i + 1))
      if (labels.overlap(output, other)) throw new Error(`${node.op.name} writes %${other} over %${output}`);
  });
}

function execute(plan: Plan, prepare: boolean, keepAll: boolean): void {
  const { input, output, target, loss, outputGradient, inputGradient } = valuesOf(plan);
  const labels = new Labels(plan);
  labels.write(input);
  if (target !== undefined) labels.write(target);
  let backward = false;
  const nodes = [...(prepare ? plan.prepare : []), ...plan.step];
  for (const node of nodes) {
    if (node.stage === "backward" && !backward && outputGradient !== undefined && !plan.prepare.includes(node)) {
      labels.write(outputGradient); // by the host, when forward is done
      backward = true;
    }
    for (const id of node.inputs) labels.read(id, node.op.name);
    checkOverlaps(labels, node);
    for (const id of node.outputs) labels.write(id);
  }
  const kept = [output, loss, backward || outputGradient === undefined ? inputGradient : undefined];
  for (const id of kept) if (id !== undefined) labels.read(id, "the host");
  if (nodes.some(({ op }) => op.name === "gradNorm"))
    for (const id of [input, target]) if (id !== undefined) labels.read(id, "the diagnosis");
  // Packed weights are copies: nobody looks at them.
  const watched = plan.step.filter(({ op }) => keepAll && !op.isPacking);
  for (const node of watched) for (const id of node.outputs) labels.read(id, "the diagnosis");
}

describe.each(Object.entries(kinds))("%s", (_, kind) => {
  it("finds every value where it was put, with and without prepare", () => {
    fc.assert(
      fc.property(samples, (sample) => {
        const plan = planOf(sample, kind);
        execute(plan, true, kind.keepAll ?? false);
        execute(plan, false, kind.keepAll ?? false);
      }),
      RUNS,
    );
  });
});

it("notices values that stand on each other", () => {
  const plan = planOf(readyMade[0], kinds["forward and backward"]);
  for (const id of plan.arena.offsets.keys()) plan.arena.offsets.set(id, 0);
  expect(() => execute(plan, true, false)).toThrow(/looks for|writes/);
});
