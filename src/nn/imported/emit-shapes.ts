/** Canonical steps that name axes anew, or normalise along them. */
import { sameShape } from "../../core/shape.js";
import { groupNorm, layerNorm } from "../../ops/norm.js";
import { padShortcut } from "../../ops/shape.js";
import { channelsLast, type Emitter, unsupported } from "./recording.js";
import { numberOf, numbersOf } from "./step.js";

const reshape: Emitter = (step, r, shape) => {
  const x = r.value(step.inputs[0]);
  const [n, c] = x.shape;
  const last = channelsLast(shape.length);
  // Pixels alone, of the same channels: in memory these are axes that lie together.
  if (x.shape.length > 2 && shape.length > 2 && shape[0] === n && shape[1] === c)
    return {
      id: r.b.reshape(
        r.arranged(x, channelsLast(x.shape.length)),
        last.map((axis) => shape[axis]),
      ),
      order: last,
    };
  // Groups of channels, or one of them: in memory these lie together, after the pixels.
  const grouping = x.shape.length > shape.length ? x.shape : shape;
  const flat = x.shape.length > shape.length ? shape : x.shape;
  const isGrouped = grouping.length === flat.length + 1 && flat.length > 2 && flat[0] === grouping[0];
  if (isGrouped && flat[1] === grouping[1] * grouping[2] && sameShape(flat.slice(2), grouping.slice(3))) {
    const grouped = [0, ...grouping.map((_, i) => i).slice(3), 1, 2];
    const [from, to] = grouping === shape ? [channelsLast(flat.length), grouped] : [grouped, last];
    const memory = to.map((axis) => shape[axis]);
    return { id: r.b.reshape(r.arranged(x, from), memory), order: to };
  }
  if (shape.length === 4 && x.shape.length === 2 && sameShape(shape, [n, c, 1, 1])) {
    const memory = channelsLast(4).map((axis) => shape[axis]);
    return { id: r.b.reshape(r.rows(step.inputs[0]), memory) };
  }
  return { id: r.b.reshape(r.rows(step.inputs[0]), shape), order: shape.map((_, i) => i) };
};

/** Moves nothing: axis i of memory is another axis of the file then. */
const transpose: Emitter = (step, r) => {
  const { id, order } = r.value(step.inputs[0]);
  const perm = numbersOf(step.attributes, "perm");
  return { id, order: order.map((axis) => perm.indexOf(axis)) };
};

const norm: Emitter = (step, r, shape) => {
  const [x, ...weights] = step.inputs;
  if (weights.length !== 2) unsupported("no bias");
  const affine = weights.map((name) => r.weight(name));
  const eps = numberOf(step.attributes, "epsilon");
  if (step.op === "layerNorm") {
    if (step.attributes["axis"] !== shape.length - 1) unsupported(`axis ${step.attributes["axis"]} of ${shape.length}`);
    return {
      id: r.b.op(layerNorm, [r.rows(x), ...affine], { eps, affine: true })[0],
      order: shape.map((_, i) => i),
    };
  }
  const groups = step.op === "instanceNorm" ? shape[1] : numberOf(step.attributes, "groups");
  const image = r.arranged(r.value(x), channelsLast(shape.length));
  return { id: r.b.op(groupNorm, [image, ...affine], { groups, eps, affine: true })[0] };
};

export const shapeEmitters = (): Record<string, Emitter> => ({
  reshape,
  transpose,
  layerNorm: norm,
  groupNorm: norm,
  instanceNorm: norm,
  padShortcut: (step, r) => ({
    id: r.b.op(
      padShortcut,
      [r.image(step.inputs[0])],
      step.attributes as { stride: number; front: number; back: number },
    )[0],
  }),
});
