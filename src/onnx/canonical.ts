/**
 * Steps in as few forms as there are: a constant of one number is a number of the step, so that nothing but weights is left
 * among the inputs.
 */
import { lookUp } from "../core/look-up.js";
import type { Step } from "../nn/imported/step.js";
import type { Net } from "./net.js";

/** A function of `UNARY` and its numbers; what is left out of a clamp is infinite. */
type Form = [kind: string, p?: number, q?: number];

/** f(x, c) and f(c, x) of a number c. */
const WITH_NUMBER: Record<string, { right?: (c: number) => Form; left?: (c: number) => Form }> = {
  add: { right: (c) => ["affine", 1, c], left: (c) => ["affine", 1, c] },
  sub: { right: (c) => ["affine", 1, -c], left: (c) => ["affine", -1, c] },
  mul: { right: (c) => ["affine", c, 0], left: (c) => ["affine", c, 0] },
  div: { right: (c) => ["affine", 1 / c, 0], left: (c) => ["power", c, -1] },
  max: { right: (c) => ["clamp", c], left: (c) => ["clamp", c] },
  min: { right: (c) => ["clamp", undefined, c], left: (c) => ["clamp", undefined, c] },
  pow: { right: (c) => ["power", 1, c] },
  greater: { right: (c) => ["above", c] },
};

/** `kept`: names of constants that stay inputs, whatever their size. */
export function canonical(net: Net, kept: ReadonlySet<string>): Net {
  const number = (name: string): number | undefined => {
    const constant = net.values.get(name)?.constant;
    return constant?.data.length === 1 && !kept.has(name) ? constant.data[0] : undefined;
  };
  const rank = (name: string): number => lookUp(net.values, name).shape.length;
  const settle = (step: Step): Step[] => {
    if (step.inputs.length !== 2 || !Object.hasOwn(WITH_NUMBER, step.op)) return [step];
    const [a, b] = step.inputs as [string, string];
    const [left, right] = [number(a), number(b)];
    const { right: ofRight, left: ofLeft } = WITH_NUMBER[step.op];
    // A number of more dimensions would give the result more, too; JSON has no infinite ones.
    const form =
      right !== undefined && rank(b) <= rank(a)
        ? ofRight?.(right)
        : left !== undefined && rank(a) <= rank(b)
          ? ofLeft?.(left)
          : undefined;
    const isWritable = form?.slice(1).every((each) => each === undefined || Number.isFinite(each));
    return form && isWritable ? [unary(step, right === undefined ? b : a, form)] : [step];
  };
  return { ...net, steps: net.steps.flatMap(settle) };
}

const unary = (step: Step, x: string, [kind, p, q]: Form): Step => ({
  ...step,
  op: "unary",
  inputs: [x],
  attributes: { kind, ...(p !== undefined && { p }), ...(q !== undefined && { q }) },
});
