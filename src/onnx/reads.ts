/** Which constants of a net are weights, and of what kind: by the ops that read them. */
import { numberOf } from "../nn/imported/step.js";
import { productReads, type Read, type Reads, shapeAt, vectorAt } from "./define.js";

/** Elementwise ops whose constants are weights, and those whose constants are kept as they are, such as means of pixels. */
const TRAINED = new Set(["add", "mul", "prelu", "mean"]);
const FIXED = new Set([
  "sub",
  "div",
  "max",
  "min",
  "pow",
  "fmod",
  "equal",
  "less",
  "lessOrEqual",
  "greater",
  "greaterOrEqual",
  "and",
  "or",
  "xor",
]);

/** `bound` are inputs of the graph that became weights. */
export const readsWith =
  (bound: ReadonlySet<string>): Reads =>
  (step, net) => {
    const { op, inputs, attributes } = step;
    const shape = shapeAt(step, net, 1);
    if (op === "convTranspose" && shape.length < 5)
      return [[1, { shape, role: "conv" }], ...vectorAt(step, net, 2, shape[1] * numberOf(attributes, "group"))];
    if (TRAINED.has(op) || FIXED.has(op))
      return inputs.flatMap((name, place): [number, Read][] => {
        const shape = shapeAt(step, net, place);
        const role = TRAINED.has(op) || bound.has(name) ? "map" : "kept";
        return shape.every((size) => size > 0) ? [[place, { shape, role }]] : [];
      });
    if (!["layerNorm", "groupNorm", "instanceNorm"].includes(op)) return productReads(step, net);
    const x = shapeAt(step, net, 0);
    const size = op === "layerNorm" ? x[x.length - 1] : x[1];
    const repeat = attributes["byGroup"] ? { repeat: size / numberOf(attributes, "groups") } : {};
    return inputs.slice(1).flatMap((_, i) => vectorAt(step, net, i + 1, size, repeat));
  };
