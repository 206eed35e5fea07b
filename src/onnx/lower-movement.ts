/** Ops that move numbers as nodes of ONNX. */
import type { Embed } from "../ops/movement.js";
import { channelsFirst, type Rule } from "./writing.js";

const concat: Rule<{ axis: number }> = (w, { inputs, attributes: { axis } }) => {
  const order = channelsFirst(w.shape(inputs[0]).length);
  const parts = inputs.map((id) => w.as(id, order));
  return { name: w.node("Concat", parts, { axis: order.indexOf(axis) }), order };
};

interface Place {
  starts: readonly number[];
  steps: readonly number[];
  sizes: readonly number[];
}

/** Only the axes of which not all is taken: the batch, of any size, is none. */
const slice: Rule<Place> = (w, { inputs: [x], attributes: { starts, steps, sizes } }) => {
  const shape = w.shape(x);
  const order = channelsFirst(shape.length);
  const cut = order.flatMap((axis, i) => (sizes[axis] === shape[axis] && steps[axis] === 1 ? [] : [{ axis, i }]));
  const numbers = (of: (axis: number) => number) => w.integers(...cut.map(({ axis }) => of(axis)));
  const end = (axis: number) => starts[axis] + sizes[axis] * steps[axis];
  const bounds = [numbers((axis) => starts[axis]), numbers((axis) => (end(axis) < 0 ? -(2 ** 31) : end(axis)))];
  const axes = w.integers(...cut.map(({ i }) => i));
  return { name: w.node("Slice", [w.as(x, order), ...bounds, axes, numbers((axis) => steps[axis])]), order };
};

/** Padding; numbers with gaps between them are no forward op. */
const embed: Rule<Embed> = (w, { inputs: [x], attributes: { starts, sizes, value } }) => {
  const shape = w.shape(x);
  const order = channelsFirst(shape.length);
  const pads = [...order.map((axis) => starts[axis]), ...order.map((axis) => sizes[axis] - starts[axis] - shape[axis])];
  return { name: w.node("Pad", [w.as(x, order), w.integers(...pads), w.constant([value], [])]), order };
};

/** Moves nothing: it names the axes anew. */
const transpose: Rule<{ order: readonly number[] }> = (w, { inputs: [x], attributes }) => {
  const { name, order } = w.at(x);
  return { name, order: order.map((axis) => attributes.order.indexOf(axis)) };
};

const rule = <A extends object>(of: Rule<A>) => of as Rule;

export const movementRules = (): Record<string, Rule> => ({
  concat: rule(concat),
  slice: rule(slice),
  embed: rule(embed),
  transpose: rule(transpose),
});
