/** A residual block as its four equations. The page prints this function from here and runs it; `step` hears of every term. */

export type Vector = Float32Array;
/** A matrix of out × in, row after row, as PyTorch keeps the weights of a Linear layer. */
export type Matrix = Float32Array;
export type Step = (term: Term, value: Vector) => Vector;
export const TERMS = ["W1a", "z1", "a1", "W2a1", "z2", "sum", "a2"] as const;
export type Term = (typeof TERMS)[number];

// The printed part begins.
export function block(a: Vector, W1: Matrix, b1: Vector, W2: Matrix, b2: Vector, step: Step): Vector {
  const z1 = step("z1", add(step("W1a", multiply(W1, a)), b1));
  const a1 = step("a1", relu(z1));
  const z2 = step("z2", add(step("W2a1", multiply(W2, a1)), b2));
  const a2 = step("a2", relu(step("sum", add(z2, a))));
  return a2;
}
// The printed part ends.

const multiply = (W: Matrix, x: Vector): Vector =>
  Float32Array.from({ length: W.length / x.length }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += W[row * x.length + i] * x[i];
    return sum;
  });
const add = (x: Vector, y: Vector): Vector => x.map((value, i) => value + y[i]);
const relu = (x: Vector): Vector => x.map((value) => Math.max(0, value));
