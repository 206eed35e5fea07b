/** Operators that move, cut and join: most of what exporters write of shape arithmetic is made of them. */

import { BATCH, isBatch } from "../core/any-batch.js";
import { float16ToFloat32Bits, float32BitsToBfloat16, float32BitsToFloat16 } from "../io/float16.js";
import { attributeOrInput, axesOf, axisOf, broadcast, type Call, product, type Rule } from "./call.js";
import { reshaped, tensorConstant } from "./classic-operators.js";
import { SAMPLE } from "./net.js";
import { type Constant, isFloatType } from "./tensor.js";

/** How many elements may come of a few bytes of a file at once. */
const MAX_MADE = 2 ** 18;

const integers = (values: number[], shape: number[] = [values.length]): Constant => ({
  shape,
  data: Float64Array.from(values),
  isFloat: false,
});

const squeeze: Rule = (call) => {
  const x = call.shape(0);
  const given = attributeOrInput(call, "axes", 1);
  const axes = given ? axesOf(call, given, x.length) : x.flatMap((size, i) => (size === 1 ? [i] : []));
  if (axes.some((axis) => x[axis] !== 1)) throw call.refuse("axes", "axes of size 1", axes);
  return reshaped(
    call,
    x.filter((_, i) => !axes.includes(i)),
  );
};

const unsqueeze: Rule = (call) => {
  const x = call.shape(0);
  const given = attributeOrInput(call, "axes", 1) ?? [];
  const rank = x.length + given.length;
  const axes = axesOf(call, given, rank);
  const rest = [...x];
  return reshaped(
    call,
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : (rest.shift() ?? 1))),
  );
};

const transpose: Rule = (call) => {
  const x = call.shape(0);
  const perm = call.ints("perm") ?? x.map((_, i) => x.length - 1 - i);
  if (perm.length !== x.length || axesOf(call, perm, x.length).length !== x.length)
    throw call.refuse("perm", `${x.length} axes`, perm);
  if (perm.every((axis, i) => axis === i)) return { alias: call.inputs[0] };
  return { op: "transpose", attributes: { perm }, shapes: [perm.map((axis) => x[axis])] };
};

const concat: Rule = (call) => {
  const first = call.shape(0);
  const shapes = call.inputs.map((_, i) => call.shape(i));
  const axis = axisOf(call, call.int("axis", 1), first.length);
  if (shapes.some((shape) => shape.length !== first.length || shape.some((size, i) => i !== axis && size !== first[i])))
    throw call.refuse("inputs", `shapes that differ in axis ${axis} alone`, shapes);
  const size = shapes.reduce((sum, shape) => sum + shape[axis], 0);
  return { op: "concat", attributes: { axis }, shapes: [first.map((other, i) => (i === axis ? size : other))] };
};

/** Sizes: an attribute before 13, an input since; equal parts without. */
const split: Rule = (call) => {
  const x = call.shape(0);
  const axis = axisOf(call, call.int("axis", 0), x.length);
  const parts = call.outputs.length;
  if (isBatch(x[axis]) && parts > 1) throw call.refuse("axis", "one that is no batch's", axis);
  const given = attributeOrInput(call, "split", 1);
  const step = Math.ceil(x[axis] / parts);
  const sizes = given ?? Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(step, x[axis] - i * step)));
  if (sizes.length !== parts || sizes.reduce((a, b) => a + b, 0) !== x[axis])
    throw call.refuse("split", `${parts} sizes of ${x[axis]} in all`, sizes);
  if (parts === 1) return { alias: call.inputs[0] };
  let start = 0;
  return {
    parts: sizes.map((size) => {
      const shape = x.map((other, i) => (i === axis ? size : other));
      const starts = x.map((_, i) => (i === axis ? start : 0));
      start += size;
      return {
        op: "slice",
        inputs: [call.inputs[0]],
        attributes: { starts, steps: x.map(() => 1), shape },
        shapes: [shape],
      };
    }),
  };
};

/** Attributes before 10, inputs since. Canonical: a start, a step and a size for each axis. */
const slice: Rule = (call) => {
  const x = call.shape(0);
  const [starts, ends] =
    call.opset < 10 ? [call.ints("starts") ?? [], call.ints("ends") ?? []] : [call.numbers(1), call.numbers(2)];
  const axes = attributeOrInput(call, "axes", 3) ?? starts.map((_, i) => i);
  const steps = call.has(4) ? call.numbers(4) : starts.map(() => 1);
  if (
    ends.length !== starts.length ||
    axes.length !== starts.length ||
    steps.length !== starts.length ||
    steps.includes(0)
  )
    throw call.refuse("slice", "as many starts, ends, axes and steps", [starts, ends, axes, steps]);
  const [from, by, shape] = [x.map(() => 0), x.map(() => 1), [...x]];
  axes.forEach((given, k) => {
    const axis = axisOf(call, given, x.length);
    const [size, step] = [x[axis], steps[k]];
    const place = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
    const start = step > 0 ? place(starts[k], 0, size) : place(starts[k], 0, size - 1);
    const end = step > 0 ? place(ends[k], 0, size) : place(ends[k], -1, size - 1);
    [from[axis], by[axis], shape[axis]] = [start, step, Math.max(0, Math.ceil((end - start) / step))];
  });
  if (shape.every((size, i) => size === x[i] && by[i] === 1)) return { alias: call.inputs[0] };
  if (shape.some((size, i) => isBatch(x[i]) && size !== x[i])) throw call.refuse("slice", "all of the batch", shape);
  return { op: "slice", inputs: [call.inputs[0]], attributes: { starts: from, steps: by, shape }, shapes: [shape] };
};

/** Pads and value: attributes before 11 (`paddings` before 2), inputs since; axes since 18. */
const pad: Rule = (call) => {
  const x = call.shape(0);
  const mode = call.text("mode", "constant");
  const given = (call.opset < 11 ? (call.ints("pads") ?? call.ints("paddings")) : call.numbers(1)) ?? [];
  const axes = call.has(3) ? call.numbers(3).map((axis) => axisOf(call, axis, x.length)) : x.map((_, i) => i);
  const value = call.opset < 11 ? call.float("value", 0) : call.has(2) ? (call.numbers(2)[0] ?? 0) : 0;
  if (given.length !== 2 * axes.length) throw call.refuse("pads", `${2 * axes.length} numbers`, given);
  const pads = new Array<number>(2 * x.length).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i];
    pads[x.length + axis] = given[axes.length + i];
  });
  if (pads.every((size) => size === 0)) return { alias: call.inputs[0] };
  const shape = x.map((size, i) => size + pads[i] + pads[x.length + i]);
  if (shape.some((size, i) => size < 0 || (isBatch(x[i]) && size !== x[i])))
    throw call.refuse("pads", "sizes of 0 or more, the batch as it is", pads);
  return { op: "pad", inputs: [call.inputs[0]], attributes: { pads, value, mode }, shapes: [shape] };
};

const gather: Rule = (call) => {
  const x = call.shape(0);
  const axis = axisOf(call, call.int("axis", 0), x.length);
  const indices = call.constant(1);
  if (!indices) throw call.refuse("indices", "constants", "values");
  if (indices.isSample) {
    // Counting all elements in order, PyTorch's as_strided of a whole tensor.
    const isWhole =
      x.length === 1 && x[0] === (indices.data.length / SAMPLE) * BATCH && indices.data.every((at, i) => at === i);
    if (!isWhole) throw call.refuse("indices", "the same of every sample", "others");
    return reshaped(call, call.shape(1));
  }
  const places = [...indices.data].map((at) => axisOf(call, at, x[axis]));
  return {
    op: "gather",
    inputs: [call.inputs[0]],
    attributes: { axis, places },
    shapes: [[...x.slice(0, axis), ...indices.shape, ...x.slice(axis + 1)]],
  };
};

const shapeOf: Rule = (call) => {
  const x = call.shape(0);
  const place = (at: number) => Math.min(Math.max(at < 0 ? at + x.length : at, 0), x.length);
  return { constants: [integers(x.slice(place(call.int("start", 0)), place(call.int("end", x.length))))] };
};

function filled(call: Call, shape: number[], value: number, isFloat: boolean): Constant {
  const count = product(shape);
  if (!(count <= MAX_MADE) || shape.some((size) => size < 0))
    throw call.refuse("shape", `at most ${MAX_MADE} elements`, shape);
  const data = isFloat ? new Float32Array(count) : new Float64Array(count);
  return { shape, data: data.fill(value), isFloat };
}

const constant: Rule = (call) => {
  const made = tensorConstant(call);
  if (made) return made;
  for (const name of ["value_int", "value_ints"]) {
    const values =
      call.ints(name) ?? (name === "value_int" && Number.isFinite(call.int(name, NaN)) ? [call.int(name)] : undefined);
    if (values) return { constants: [integers(values, name === "value_int" ? [] : [values.length])] };
  }
  const value = call.float("value_float", NaN);
  if (!Number.isNaN(value)) return { constants: [{ shape: [], data: Float32Array.of(value), isFloat: true }] };
  throw call.refuse("value", "a tensor or a number", "another");
};

const constantOfShape: Rule = (call) => {
  const value = call.tensor("value");
  return { constants: [filled(call, call.numbers(0), value?.data[0] ?? 0, value?.isFloat ?? true)] };
};

const range: Rule = (call) => {
  const [start, limit, delta] = [call.numbers(0)[0], call.numbers(1)[0], call.numbers(2)[0]];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const isSample = count === BATCH;
  const made: Constant = {
    ...filled(call, [isSample ? SAMPLE : count], 0, call.constant(0)?.isFloat ?? true),
    isSample,
  };
  for (let i = 0; i < made.data.length; i++) made.data[i] = start + i * delta;
  return { constants: [made] };
};

const expand: Rule = (call) => {
  const shape = broadcast(call, [call.shape(0), call.numbers(1)]);
  const isSame = shape.length === call.shape(0).length && shape.every((size, i) => size === call.shape(0)[i]);
  return isSame
    ? { alias: call.inputs[0] }
    : { op: "expand", inputs: [call.inputs[0]], attributes: { shape }, shapes: [shape] };
};

const [FLOAT16, BFLOAT16] = [10, 16];

/** The nearest number of 16 bits. */
function rounded(
  data: Float32Array | Float64Array,
  toHalf: (bits: number) => number,
  toBits: (half: number) => number,
) {
  const bits = new Uint32Array(Float32Array.from(data).buffer);
  return new Float32Array(bits.map((each) => toBits(toHalf(each))).buffer);
}

/** Between floats of 11 digits and more there is one type here: what a file computes in float16 is computed in float32. */
const cast: Rule = (call) => {
  const to = call.int("to");
  const held = call.constant(0);
  if (!held) {
    if (isFloatType(to) && to < BFLOAT16) return { alias: call.inputs[0] };
    throw call.refuse("to", "float16, float32 or float64", `data type ${to}`);
  }
  if (to === FLOAT16 || to === BFLOAT16) {
    const data =
      to === FLOAT16
        ? rounded(held.data, float32BitsToFloat16, float16ToFloat32Bits)
        : rounded(held.data, float32BitsToBfloat16, (half) => half << 16);
    return { constants: [{ ...held, data, isFloat: true }] };
  }
  if (isFloatType(to)) return { constants: [{ ...held, data: Float32Array.from(held.data), isFloat: true }] };
  const data = Float64Array.from(held.data, (value) => (to === 9 ? Number(value !== 0) : Math.trunc(value)));
  return { constants: [{ ...held, data, isFloat: false }] };
};

const RESIZE_MODES = ["nearest", "linear", "bilinear", "cubic"];
const COORDINATES = [
  ...["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel"],
  ...["align_corners", "asymmetric", "tf_half_pixel_for_nn"],
];

/** Scales or sizes of each axis. Upsample (to 9) has scales alone. */
const resize: Rule = (call) => {
  const x = call.shape(0);
  const isUpsample = call.opset < 10;
  const scaleAt = call.opset < 11 ? 1 : 2;
  const scales = isUpsample && !call.has(1) ? undefined : call.has(scaleAt) ? call.numbers(scaleAt) : [];
  const sizes = call.opset >= 11 && call.has(3) ? call.numbers(3) : undefined;
  const axes = call.ints("axes") ?? x.map((_, i) => i);
  const shape = [...x];
  const factors = x.map(() => 1);
  axes.forEach((axis, i) => {
    const at = axisOf(call, axis, x.length);
    // A batch that the file fixed may be any.
    if (isBatch(x[at]) && sizes?.[i] === call.fileBatch) return;
    factors[at] = sizes ? sizes[i] / x[at] : (scales?.[i] ?? 1);
    shape[at] = sizes ? sizes[i] : Math.floor(x[at] * factors[at]);
  });
  const policy = call.text("keep_aspect_ratio_policy", "stretch");
  if (sizes && policy !== "stretch") {
    const wanted = axes.map((axis) => factors[axisOf(call, axis, x.length)]);
    const factor = policy === "not_larger" ? Math.min(...wanted) : Math.max(...wanted);
    for (const axis of axes) {
      const at = axisOf(call, axis, x.length);
      factors[at] = factor;
      shape[at] = Math.floor(x[at] * factor + 0.5);
    }
  }
  const mode = call.text("mode", "nearest");
  const coordinates = call.opset < 11 ? "asymmetric" : call.text("coordinate_transformation_mode", "half_pixel");
  if (!RESIZE_MODES.includes(mode)) throw call.refuse("mode", RESIZE_MODES.join(", "), mode);
  if (!COORDINATES.includes(coordinates))
    throw call.refuse("coordinate_transformation_mode", COORDINATES.join(", "), coordinates);
  const attributes = {
    scales: factors,
    mode: mode === "bilinear" ? "linear" : mode,
    coordinates,
    nearest: call.opset < 11 ? "floor" : call.text("nearest_mode", "round_prefer_floor"),
    cubic: call.float("cubic_coeff_a", -0.75),
    excludeOutside: call.int("exclude_outside", 0) === 1,
    antialias: call.int("antialias", 0) === 1,
  };
  return { op: "resize", inputs: [call.inputs[0]], attributes, shapes: [shape] };
};

export const movement = (): Record<string, Rule> => ({
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Gather: gather,
  Shape: shapeOf,
  Size: (call) => ({ constants: [integers([product(call.shape(0))], [])] }),
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Expand: expand,
  Cast: cast,
  Resize: resize,
  Upsample: resize,
});
