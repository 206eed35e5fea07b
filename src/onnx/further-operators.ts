/** Operators that few networks have; see `classic-operators.ts`. */
import { axisOf, type Call, type Rule } from "./call.js";
import { binary, reduce, unary } from "./classic-operators.js";

/** The place of an extreme, a number like any other here. */
const place =
  (op: "argMax" | "argMin"): Rule =>
  (call) => {
    const x = call.shape(0);
    const axis = axisOf(call, call.int("axis", 0), x.length);
    const keepDims = call.int("keepdims", 1) === 1;
    const shape = x.flatMap((size, i) => (i !== axis ? [size] : keepDims ? [1] : []));
    const last = call.int("select_last_index", 0) === 1 ? "Last" : "";
    return { op: op + last, attributes: { axes: [axis], keepDims }, shapes: [shape] };
  };

const hardmax: Rule = (call) => {
  const x = call.shape(0);
  const axis = axisOf(call, call.int("axis", call.opset < 13 ? 1 : -1), x.length);
  return { op: "hardmax", attributes: { axis, toEnd: call.opset < 13 }, shapes: [x] };
};

const cumSum: Rule = (call) => {
  const x = call.shape(0);
  const axis = axisOf(call, call.numbers(1)[0], x.length);
  const attributes = { axis, exclusive: call.int("exclusive", 0) === 1, reverse: call.int("reverse", 0) === 1 };
  return { op: "cumSum", inputs: [call.inputs[0]], attributes, shapes: [x] };
};

const blocksOf = (call: Call): number => {
  const size = call.int("blocksize");
  if (call.shape(0).length !== 4 || !(size >= 1)) throw call.refuse("blocksize", "1 or more, of an image", size);
  return size;
};

const depthToSpace: Rule = (call) => {
  const b = blocksOf(call);
  const [n, c, h, w] = call.shape(0);
  if (c % (b * b)) throw call.refuse("channels", `a multiple of ${b * b}`, c);
  const attributes = { blocksize: b, mode: call.text("mode", "DCR") };
  return { op: "depthToSpace", attributes, shapes: [[n, c / (b * b), h * b, w * b]] };
};

const spaceToDepth: Rule = (call) => {
  const b = blocksOf(call);
  const [n, c, h, w] = call.shape(0);
  if (h % b || w % b) throw call.refuse("sides", `multiples of ${b}`, [h, w]);
  return { op: "spaceToDepth", attributes: { blocksize: b }, shapes: [[n, c * b * b, h / b, w / b]] };
};

/** Before 6, how often and along which axis. */
const tile: Rule = (call) => {
  const x = call.shape(0);
  const repeats = call.numbers(1);
  if (repeats.length !== x.length || repeats.some((count) => !(count >= 1)))
    throw call.refuse("repeats", `${x.length} of 1 or more`, repeats);
  if (repeats.every((count) => count === 1)) return { alias: call.inputs[0] };
  if (repeats[0] !== 1) throw call.refuse("repeats", "1 of the batch", repeats[0]);
  const shape = x.map((size, i) => size * repeats[i]);
  return { op: "tile", inputs: [call.inputs[0]], attributes: { repeats }, shapes: [shape] };
};

const localResponse: Rule = (call) => {
  const attributes = {
    alpha: call.float("alpha", 1e-4),
    beta: call.float("beta", 0.75),
    bias: call.float("bias", 1),
    size: call.int("size"),
  };
  return { op: "lrn", attributes, shapes: [call.shape(0)] };
};

const meanVariance: Rule = (call) => {
  const axes = call.ints("axes") ?? [0, 2, 3];
  return {
    op: "meanVariance",
    attributes: { axes: axes.map((axis) => axisOf(call, axis, call.shape(0).length)) },
    shapes: [call.shape(0)],
  };
};

/** To the type of an input of the graph: floats are float32 here, whatever the file has. */
const castLike: Rule = (call) => {
  const type = call.type(1);
  if (call.constant(0) || !FLOATS.includes(type ?? 0))
    throw call.refuse("inputs", "a value, and an input of float16, float32 or float64", `data type ${type}`);
  return { alias: call.inputs[0] };
};

const FLOATS = [1, 10, 11];

export const furtherOperators = (): Record<string, Rule> => ({
  ...Object.fromEntries(
    ["L1", "L2", "LogSum", "LogSumExp", "SumSquare"].map((kind) => [`Reduce${kind}`, reduce(`reduce${kind}`)]),
  ),
  ...Object.fromEntries(
    ["Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Sign"].map((opType) => [
      opType,
      unary(opType.toLowerCase()),
    ]),
  ),
  ArgMax: place("argMax"),
  ArgMin: place("argMin"),
  Hardmax: hardmax,
  CumSum: cumSum,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Tile: tile,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
  CastLike: castLike,
  And: binary("and"),
  Or: binary("or"),
  Xor: binary("xor"),
  LessOrEqual: binary("lessOrEqual"),
  GreaterOrEqual: binary("greaterOrEqual"),
  IsNaN: unary("isNaN"),
  IsInf: unary("isInf", (call) => ({
    positive: call.int("detect_positive", 1) === 1,
    negative: call.int("detect_negative", 1) === 1,
  })),
  Shrink: unary("shrink", (call) => ({ lambda: call.float("lambd", 0.5), bias: call.float("bias", 0) })),
});
