/** Another head for an imported network: the product before its output, for another number of classes. */
import { ArgumentError, expectation } from "../../core/errors.js";
import { numel, sameShape } from "../../core/shape.js";
import { biasInit } from "../../graph/init.js";
import { pathOf } from "./emit.js";
import type { Definition } from "./recording.js";
import type { Step } from "./step.js";

/** Makes probabilities of a head's outputs. */
const FINAL = ["softmax", "logSoftmax", "sigmoid"];
/** May stand between a head and the output: each leaves axis 1, the channels, as it is. */
const AFTER = ["reshape", "reduceMean", "reduceMax", "averagePool", "maxPool", "relu", "clip", "leakyRelu"];
const PRODUCTS = ["conv", "gemm", "linear"];

/** The definition with a head for so many classes, and the path of the head's layer. */
export function withNewHead(
  definition: Definition,
  classes: number,
  named: string | undefined,
): { definition: Definition; head: string } {
  const { steps, shapes, weights, outputs } = definition;
  const fail = (name: string, expected: string, got: unknown, hint?: string) =>
    new ArgumentError(expectation("replaceHead", name, expected, got, { hint }));
  if (outputs.length > 1) throw fail("network", "one output", outputs.map(({ name }) => name).join(", "));

  const chain = chainTo(outputs[0].value, steps);
  /** By the node's name or path, a weight's name, or the path that these begin with: "fc". */
  const isNamed = (step: Step) =>
    [step.name, pathOf(step), step.inputs[1], weights[step.inputs[1]]?.name].some(
      (name) => named === undefined || name === named || name?.startsWith(`${named}.`),
    );
  const at = chain.findIndex((step) => PRODUCTS.includes(step.op) && isNamed(step));
  if (at < 0 || chain.slice(0, at).some(({ op }) => PRODUCTS.includes(op))) {
    const found = chain.find(({ op }) => PRODUCTS.includes(op));
    throw fail("head", found ? `the last product, ${pathOf(found)}` : "a product near the output", named ?? "none");
  }

  const head = chain[at];
  const [, weightKey, biasKey = ""] = head.inputs;
  const { [weightKey]: weight, [biasKey]: bias } = weights;
  const isTied = steps.some((step) => step !== head && step.inputs.some((key) => key === weightKey || key === biasKey));
  if (isTied || !weight || (head.attributes["group"] ?? 1) !== 1)
    throw fail("head", "a product with weights of its own", pathOf(head));
  const [old, ...rest] = weight.shape;
  const axis = head.op === "linear" ? shapes[head.outputs[0]].length - 1 : 1;

  const made = structuredClone(definition);
  const { name, role } = weight;
  made.weights[weightKey] = { name, shape: [classes, ...rest], role, init: "default" };
  if (bias) {
    const init = biasInit("default", numel(rest));
    made.weights[biasKey] = { name: bias.name, shape: [classes], role: bias.role, init };
  }
  made.shapes[head.outputs[0]][axis] = classes;
  // What follows keeps the axis; a Softmax or Sigmoid is left out.
  let value = head.outputs[0];
  const left = new Set<Step>();
  for (const step of chain
    .slice(0, at)
    .reverse()
    .map((each) => made.steps[steps.indexOf(each)])) {
    if (FINAL.includes(step.op)) {
      left.add(step);
      continue;
    }
    const [from, to] = [shapes[step.inputs[0]], shapes[step.outputs[0]]];
    if (axis !== 1 || to[1] !== old || !sameShape(from.slice(0, 2), to.slice(0, 2)))
      throw fail("head", "one after which the classes stay an axis", step.name);
    step.inputs[0] = value;
    made.shapes[step.outputs[0]][1] = classes;
    const { shape } = step.attributes;
    if (Array.isArray(shape)) shape[1] = classes;
    [value] = step.outputs;
  }
  made.steps = made.steps.filter((step) => !left.has(step));
  made.outputs[0].value = value;
  return { definition: made, head: pathOf(head) };
}

/** The steps from an output backwards, as long as each is made of one value. */
function chainTo(output: string, steps: readonly Step[]): Step[] {
  const makers = new Map(steps.flatMap((step) => step.outputs.map((name) => [name, step] as const)));
  const chain: Step[] = [];
  for (let step = makers.get(output); step; step = makers.get(step.inputs[0])) {
    chain.push(step);
    if (!PRODUCTS.includes(step.op) && !FINAL.includes(step.op) && !AFTER.includes(step.op)) break;
  }
  return chain;
}
