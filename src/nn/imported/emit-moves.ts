/** Canonical steps that move, gather and resize, and transposed convolutions. */
import { sameShape } from "../../core/shape.js";
import { expand as expandOp } from "../../ops/maps.js";
import { embed, slice, transpose } from "../../ops/movement.js";
import type { Taps } from "../../ops/resample.js";
import { convolveTransposed } from "../conv-transpose.js";
import { binary, reduceTo, unary } from "../maps.js";
import { type AxisResize, alongAxis, borderTaps, resizeTaps } from "../resize.js";
import { asLast, lastAxes } from "./emit-shapes.js";
import { type Emitter, identity, type Placed, pair, type Recording, unsupported } from "./recording.js";
import { numberOf, numbersOf, type Step } from "./step.js";

const numbers = (step: Step, name: string): number[] => numbersOf(step.attributes, name);

/** A matrix along an axis of the file, wherever that lies. */
function along(r: Recording, { id, order, shape }: Placed, axis: number, rows: readonly Taps[]): Placed {
  const made = alongAxis(r.b, id, order.indexOf(axis), rows);
  return { id: made, order, shape: shape.map((size, i) => (i === axis ? rows.length : size)) };
}

/** A part of a value: what begins `starts` numbers in. */
function partOf(r: Recording, { id, order }: Placed, starts: readonly number[], shape: readonly number[]): Placed {
  const place = { starts: order.map((axis) => starts[axis]), steps: order.map(() => 1) };
  return {
    id: r.b.op(slice, [id], { ...place, sizes: order.map((axis) => shape[axis]) })[0],
    order,
    shape: [...shape],
  };
}

/** Numbers around a value, and below 0 less of it: constants, or what is at its borders. */
const padded: Emitter = (step, r, shape) => {
  const { mode } = step.attributes;
  const value = numberOf(step.attributes, "value");
  const pads = numbers(step, "pads");
  const rank = shape.length;
  const whole = r.value(step.inputs[0]);
  const [before, after] = [0, rank].map((at) => pads.slice(at, at + rank).map((size) => Math.max(0, size)));
  const kept = whole.shape.map((size, i) => size + Math.min(0, pads[i]) + Math.min(0, pads[rank + i]));
  if (kept.some((size) => size < 1)) unsupported("nothing of the input left");
  const starts = whole.shape.map((_, i) => Math.max(0, -pads[i]));
  const from = sameShape(kept, whole.shape) ? whole : partOf(r, whole, starts, kept);
  if (mode === "constant") {
    const { id, order } = from;
    const sizes = order.map((axis) => shape[axis]);
    const place = { starts: order.map((axis) => before[axis]), steps: sizes.map(() => 1), sizes };
    return { id: r.b.op(embed, [id], { ...place, value })[0], order };
  }
  if (mode !== "reflect" && mode !== "edge" && mode !== "wrap") return unsupported(`mode ${mode}`);
  return shape.reduce((made, to, axis): Placed => {
    if (to === made.shape[axis]) return made;
    return along(r, made, axis, borderTaps(mode, made.shape[axis], before[axis], after[axis]));
  }, from);
};

const convTranspose: Emitter = (step, r) => {
  const pads = numbers(step, "pads");
  const rank = pads.length / 2;
  const options = {
    weight: r.weight(step.inputs[1]),
    bias: step.inputs[2] ? r.weight(step.inputs[2]) : undefined,
    stride: pair(step.attributes["strides"]),
    before: pair(pads.slice(0, rank), 0),
    after: pair(pads.slice(rank), 0),
    outputPadding: pair(step.attributes["outputPadding"], 0),
    dilation: pair(step.attributes["dilations"]),
    groups: numberOf(step.attributes, "group"),
  };
  return { id: convolveTransposed(r.b, r.pixels(step.inputs[0]), options) };
};

const resize: Emitter = (step, r, shape) => {
  const { scales, ...how } = step.attributes;
  return shape.reduce((value, to, axis): Placed => {
    const scale = (scales as number[])[axis];
    const from = value.shape[axis];
    if (to === from && scale === 1) return value;
    return along(
      r,
      value,
      axis,
      resizeTaps({ ...(how as Omit<AxisResize, "from" | "to" | "scale">), from, to, scale }),
    );
  }, r.value(step.inputs[0]));
};

/** Places of an axis, which are the axes of the indices then. */
const gather: Emitter = (step, r, shape) => {
  const [axis, places] = [numberOf(step.attributes, "axis"), numbers(step, "places")];
  const from = r.value(step.inputs[0]);
  if (r.isBatch(axis)) unsupported("of the batch");
  const picked = along(
    r,
    from,
    axis,
    places.map((at) => [[at, 1]]),
  );
  if (shape.length === from.shape.length) return picked;
  return { id: r.b.reshape(r.arranged(picked, identity(from.shape.length)), shape), order: identity(shape.length) };
};

/** Axes of a value under other sizes, in another order, in the file's order throughout. */
const rearranged =
  (sizes: (shape: number[], step: Step) => number[], order: (step: Step) => number[]): Emitter =>
  (step, r, shape) => {
    const value = r.value(step.inputs[0]);
    const split = r.b.reshape(r.arranged(value, identity(value.shape.length)), sizes(value.shape, step));
    const turned = r.b.op(transpose, [split], { order: order(step) })[0];
    return { id: r.b.reshape(turned, shape), order: identity(shape.length) };
  };

const isColumnRow = (step: Step): boolean => step.attributes["mode"] === "CRD";
const blocks = (step: Step): number => numberOf(step.attributes, "blocksize");

/** Channels [b, b, c] (or [c, b, b]) become blocks of pixels. */
const depthToSpace: Emitter = rearranged(
  ([n, c, h, w], step) => {
    const b = blocks(step);
    return isColumnRow(step) ? [n, c / (b * b), b, b, h, w] : [n, b, b, c / (b * b), h, w];
  },
  (step) => (isColumnRow(step) ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]),
);

const spaceToDepth: Emitter = rearranged(
  ([n, c, h, w], step) => [n, c, h / blocks(step), blocks(step), w / blocks(step), blocks(step)],
  () => [0, 3, 5, 1, 2, 4],
);

/** [a, b] so many times: [r, a, s, b]. */
const tile: Emitter = (step, r, shape) => {
  const repeats = numbers(step, "repeats");
  const { id, order, shape: from } = r.value(step.inputs[0]);
  const view = order.flatMap((axis) => [1, from[axis]]);
  const whole = order.flatMap((axis) => [repeats[axis], from[axis]]);
  return { id: r.b.op(expandOp, [id], { view, whole, shape: order.map((axis) => shape[axis]) })[0], order };
};

/** Sums up to each number of an axis, or of all before it, or from the end. */
function running(r: Recording, value: Placed, axis: number, exclusive: boolean, reverse: boolean): Placed {
  const size = value.shape[axis];
  if (size > 2 ** 10) unsupported(`an axis of ${size}, more than 1024`);
  const rows = Array.from({ length: size }, (_, i): Taps => {
    const [from, to] = reverse ? [exclusive ? i + 1 : i, size] : [0, exclusive ? i : i + 1];
    return Array.from({ length: to - from }, (_, k) => [from + k, 1]);
  });
  return along(r, value, axis, rows);
}

const cumSum: Emitter = (step, r) => {
  const [exclusive, reverse] = [step.attributes["exclusive"], step.attributes["reverse"]].map(Boolean);
  const axis = numberOf(step.attributes, "axis");
  if (r.isBatch(axis)) unsupported("over the batch");
  return running(r, r.value(step.inputs[0]), axis, exclusive, reverse);
};

/** 1 where the first of the largest is, 0 elsewhere. */
const hardmax: Emitter = (step, r, shape) => {
  const { id, back } = asLast(r, r.value(step.inputs[0]), lastAxes(step, shape));
  const sizes = r.b.shape(id);
  const isMost = binary(
    r.b,
    "equal",
    id,
    reduceTo(r.b, "max", id, [...sizes.slice(0, -1), 1], [...sizes.slice(0, -1), 1]),
  );
  const flat = { id: isMost, shape: [...sizes], order: identity(sizes.length) };
  const count = running(r, flat, sizes.length - 1, false, false).id;
  return back(binary(r.b, "mul", isMost, unary(r.b, "inside", count, 1, 1)));
};

/** x / (bias + alpha / size · sum of squares of neighbouring channels)^beta (Krizhevsky et al. 2012). */
const localResponse: Emitter = (step, r) => {
  const [alpha, beta, bias, size] = ["alpha", "beta", "bias", "size"].map((name) => numberOf(step.attributes, name));
  const x = r.value(step.inputs[0]);
  const channels = x.shape[1];
  const rows = Array.from({ length: channels }, (_, c): Taps => {
    const [from, to] = [
      Math.max(0, c - Math.floor((size - 1) / 2)),
      Math.min(channels, c + Math.ceil((size - 1) / 2) + 1),
    ];
    return Array.from({ length: to - from }, (_, k) => [from + k, 1]);
  });
  const sums = along(r, { ...x, id: unary(r.b, "power", x.id, 1, 2) }, 1, rows);
  const below = unary(r.b, "affine", sums.id, alpha / size, bias);
  return { id: binary(r.b, "mul", x.id, unary(r.b, "power", below, 1, -beta)), order: x.order };
};

/** (x - mean) / sqrt(variance), over axes that may hold the batch in files of one sample only. */
const meanVariance: Emitter = (step, r) => {
  const { id, order, shape } = r.value(step.inputs[0]);
  const axes = numbers(step, "axes");
  if (axes.some((axis) => r.isBatch(axis))) unsupported("over the batch");
  const kept = order.map((axis) => (axes.includes(axis) ? 1 : shape[axis]));
  const centred = binary(r.b, "sub", id, reduceTo(r.b, "mean", id, kept, kept));
  const variance = reduceTo(r.b, "mean", unary(r.b, "power", centred, 1, 2), kept, kept);
  const deviation = unary(r.b, "affine", unary(r.b, "power", variance, 1, 0.5), 1, 1e-9);
  return { id: binary(r.b, "div", centred, deviation), order };
};

export const moveEmitters = (): Record<string, Emitter> => ({
  pad: padded,
  convTranspose,
  resize,
  gather,
  depthToSpace,
  spaceToDepth,
  tile,
  cumSum,
  hardmax,
  lrn: localResponse,
  meanVariance,
});
