import { matrices } from "../data.js";
import { gemm } from "./product.js";

export function create(task) {
  const { m, n, k } = task;
  const { a, b } = matrices(task);
  const c = new Float32Array(m * n);
  return { version: "plain JavaScript", run: () => gemm(m, n, k, a, k, 1, b, n, 1, c), output: () => c };
}
