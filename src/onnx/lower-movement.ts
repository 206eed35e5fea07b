/** Ops that move numbers, and functions of two values, as nodes of ONNX. */
import { sameShape } from "../core/shape.js";
import { type BinaryKind, type BinaryMap, broadcastShape } from "../ops/maps.js";
import type { Embed } from "../ops/movement.js";
import { channelsFirst, identity, type Rule, type Written } from "./writing.js";

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

const FUNCTIONS: Partial<Record<BinaryKind, string>> = {
  add: "Add",
  sub: "Sub",
  mul: "Mul",
  div: "Div",
  max: "Max",
  min: "Min",
  pow: "Pow",
  prelu: "PRelu",
};

/** Values of the result's rank have its order of axes; a weight for each channel needs none. All others are as in the graph. */
const binary: Rule<BinaryMap> = (w, { inputs, outputs: [y], attributes: { kind, views } }): Written => {
  const { length: rank } = w.shape(y);
  const isPerChannel = (i: number) => views[i].filter((size) => size > 1).length <= 1;
  const isWhole = (i: number) => sameShape(w.shape(inputs[i]), views[i]) && views[i].length === rank;
  const isEasy = inputs.every((id, i) => (w.isWeight(id) ? isPerChannel(i) : isWhole(i)));
  const order = isEasy ? channelsFirst(rank) : identity(rank);
  const operands = inputs.map((id, i) => {
    if (!w.isWeight(id)) return isEasy ? w.as(id, order) : w.rows(id);
    const full = [...new Array<number>(rank - views[i].length).fill(1), ...views[i]];
    return w.weight(
      id,
      order.map((axis) => full[axis]),
    );
  });
  return { name: w.node(FUNCTIONS[kind] ?? kind, operands), order };
};

/** Whether there is a node for it: comparisons give truth values there, and results under another shape are no broadcast. */
export const isWritable = ({ kind, views, shape }: BinaryMap): boolean =>
  Object.hasOwn(FUNCTIONS, kind) && sameShape(shape, broadcastShape(...views));

const rule = <A extends object>(of: Rule<A>) => of as Rule;

export const movementRules = (): Record<string, Rule> => ({
  concat: rule(concat),
  slice: rule(slice),
  embed: rule(embed),
  transpose: rule(transpose),
  binary: rule(binary),
});
