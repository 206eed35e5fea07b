/** Matrix products in float64. A matrix is the position of its element [i][j] in an array. */
import type { ActivationName } from "../../../src/abi/enums.js";
import { activations } from "./activations.js";

export interface Matrix {
  data: ArrayLike<number>;
  rows: number;
  cols: number;
  at: (i: number, j: number) => number;
}

/** [rows][cols] with rows of `ld` numbers. */
export function rowMajor(data: ArrayLike<number>, rows: number, cols: number, ld = cols): Matrix {
  return { data, rows, cols, at: (i, j) => data[i * ld + j] };
}

export function transpose({ data, rows, cols, at }: Matrix): Matrix {
  return { data, rows: cols, cols: rows, at: (i, j) => at(j, i) };
}

/** C = A B. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const c = new Float64Array(a.rows * b.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let l = 0; l < a.cols; l++) {
      const x = a.at(i, l);
      for (let j = 0; j < b.cols; j++) c[i * b.cols + j] += x * b.at(l, j);
    }
  }
  return rowMajor(c, a.rows, b.cols);
}

export interface Epilogue {
  bias?: ArrayLike<number>;
  residual?: Matrix;
  activation: ActivationName;
  param: number;
  /** The activation's input, where its derivative is to be multiplied. */
  derivativeAt?: Matrix;
}

/** act(C + bias + residual), or (C + bias + residual) * act'(derivativeAt). */
export function finish(c: Matrix, e: Epilogue): Float64Array {
  const { y, dx } = activations[e.activation];
  return Float64Array.from({ length: c.rows * c.cols }, (_, at) => {
    const i = Math.floor(at / c.cols);
    const j = at % c.cols;
    const v = c.at(i, j) + (e.bias?.[j] ?? 0) + (e.residual?.at(i, j) ?? 0);
    if (!e.derivativeAt) return y(v, e.param);
    const slope = dx(e.derivativeAt.at(i, j), e.param);
    // PyTorch's ReLU gradient is a mask: 0 even where v is not finite.
    return e.activation === "relu" && slope === 0 ? 0 : v * slope;
  });
}
