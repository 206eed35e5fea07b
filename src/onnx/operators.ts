/** The operators of other networks; see `classic-operators.ts`. */
import { axisOf, broadcast, type Rule } from "./call.js";
import { binary, globalPool, reduce, unary } from "./classic-operators.js";

/** Of one input or more. */
const variadic =
  (op: string): Rule =>
  (call) => {
    const shapes = [call.shape(0), ...call.inputs.slice(1).map((_, i) => call.shape(i + 1))];
    return shapes.length === 1 ? { alias: call.inputs[0] } : { op, shapes: [broadcast(call, shapes)] };
  };

const convTranspose: Rule = (call) => {
  const [x, w] = [call.shape(0), call.shape(1)];
  const [group, kernel, spatial] = [call.int("group", 1), w.slice(2), x.slice(2)];
  const rank = spatial.length;
  if (x.length < 3 || w.length !== x.length || x[1] !== w[0])
    throw call.refuse("weight", `[${x[1]}, out / group, …kernel]`, w);
  const strides = call.ints("strides") ?? new Array(rank).fill(1);
  const dilations = call.ints("dilations") ?? new Array(rank).fill(1);
  const extra = call.ints("output_padding") ?? new Array(rank).fill(0);
  let pads = call.ints("pads") ?? new Array(2 * rank).fill(0);
  const full = spatial.map((size, i) => (size - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + extra[i]);
  const auto = call.text("auto_pad", "NOTSET");
  const wanted =
    call.ints("output_shape")?.slice(-rank) ??
    (auto.startsWith("SAME") ? spatial.map((size, i) => size * strides[i]) : undefined);
  if (wanted) {
    const cut = full.map((size, i) => Math.max(0, size - wanted[i]));
    // What the windows do not reach follows at the end.
    full.forEach((size, i) => {
      const missing = Math.max(0, wanted[i] - size);
      extra[i] += missing;
      full[i] += missing;
    });
    const [less, more] = [cut.map((c) => Math.floor(c / 2)), cut.map((c) => Math.ceil(c / 2))];
    pads = auto === "SAME_UPPER" ? [...less, ...more] : [...more, ...less];
  }
  const out = full.map((size, i) => size - pads[i] - pads[rank + i]);
  return {
    op: "convTranspose",
    attributes: { strides, dilations, pads, outputPadding: extra, group },
    shapes: [[x[0], w[1] * group, ...out]],
  };
};

const matMul: Rule = (call) => {
  const [a, b] = [call.shape(0), call.shape(1)];
  if (a.length < 1 || b.length < 1 || a.at(-1) !== (b.at(-2) ?? b[0]))
    throw call.refuse("inputs", "[…, k] and [k, …]", [a, b]);
  if (b.length === 2) return { op: "linear", attributes: { transposed: true }, shapes: [[...a.slice(0, -1), b[1]]] };
  if (a.length < 2 || b.length < 2) throw call.refuse("inputs", "matrices", [a, b]);
  const batch = broadcast(call, [a.slice(0, -2), b.slice(0, -2)]);
  return { op: "matMul", shapes: [[...batch, a[a.length - 2], b[b.length - 1]]] };
};

const layerNorm: Rule = (call) => {
  const x = call.shape(0);
  const axis = axisOf(call, call.int("axis", -1), x.length);
  return { op: "layerNorm", attributes: { axis, epsilon: call.float("epsilon", 1e-5) }, shapes: [x] };
};

const groupNorm: Rule = (call) => {
  const x = call.shape(0);
  const groups = call.int("num_groups");
  // In 18, scale and bias are of the groups, since 21 of the channels.
  const size = call.opset < 21 ? groups : x[1];
  if (call.shape(1)[0] !== size || x[1] % groups) throw call.refuse("scale", `[${size}]`, call.shape(1));
  return {
    op: "groupNorm",
    attributes: { groups, epsilon: call.float("epsilon", 1e-5), byGroup: call.opset < 21 },
    shapes: [x],
  };
};

export const arithmetic = (): Record<string, Rule> => ({
  Sub: binary("sub"),
  Div: binary("div"),
  Pow: binary("pow"),
  Max: variadic("max"),
  Min: variadic("min"),
  Sum: variadic("add"),
  Mean: variadic("mean"),
  Equal: binary("equal"),
  Less: binary("less"),
  Greater: binary("greater"),
  Mod: (call) => binary(call.int("fmod", 0) === 1 ? "fmod" : "mod")(call),
  Where: (call) => ({ op: "where", shapes: [broadcast(call, [call.shape(0), call.shape(1), call.shape(2)])] }),
  Not: unary("not"),
  Abs: unary("abs"),
  Neg: unary("neg"),
  Exp: unary("exp"),
  Log: unary("log"),
  Sqrt: unary("sqrt"),
  Reciprocal: unary("reciprocal"),
  Floor: unary("floor"),
  Ceil: unary("ceil"),
  Round: unary("round"),
  Erf: unary("erf"),
  Tanh: unary("tanh"),
  Softplus: unary("softplus"),
  Softsign: unary("softsign"),
  Mish: unary("mish"),
  Elu: unary("elu", (call) => ({ alpha: call.float("alpha", 1) })),
  Celu: unary("celu", (call) => ({ alpha: call.float("alpha", 1) })),
  Selu: unary("selu", (call) => ({
    alpha: call.float("alpha", 1.6732631921768188),
    gamma: call.float("gamma", 1.0507010221481323),
  })),
  LeakyRelu: unary("leakyRelu", (call) => ({ alpha: call.float("alpha", 0.01) })),
  ThresholdedRelu: unary("thresholdedRelu", (call) => ({ alpha: call.float("alpha", 1) })),
  Gelu: unary("gelu", (call) => ({ tanh: call.text("approximate", "none") === "tanh" })),
  PRelu: (call) => ({ op: "prelu", shapes: [broadcast(call, [call.shape(0), call.shape(1)])] }),
});

export const layers = (): Record<string, Rule> => ({
  ConvTranspose: convTranspose,
  GlobalMaxPool: globalPool("reduceMax"),
  ReduceSum: reduce("reduceSum"),
  ReduceMax: reduce("reduceMax"),
  ReduceMin: reduce("reduceMin"),
  ReduceProd: reduce("reduceProd"),
  MatMul: matMul,
  LayerNormalization: layerNorm,
  InstanceNormalization: (call) => ({
    op: "instanceNorm",
    attributes: { epsilon: call.float("epsilon", 1e-5) },
    shapes: [call.shape(0)],
  }),
  GroupNormalization: groupNorm,
});
