/** The inner loop of the matrix product without anything around it, on operands in L1: what the product can reach at most. */
export const ROWS = { simd: 5, relaxed: 6 };
export const COLUMNS = 8;
const DEPTH = 240;

/** Repeats the micro-kernel for about as many multiply-adds as asked for. */
export async function microKernel(wasm, variant, macs) {
  const { instance } = await WebAssembly.instantiate(wasm);
  const { ukernel, memory } = instance.exports;
  const rows = ROWS[variant];
  const [a, b, c] = [4096, 4096 + rows * DEPTH * 4 + 64, 32768];
  new Float32Array(memory.buffer, 4096, (rows + COLUMNS) * DEPTH + 16).fill(0.5);
  const times = Math.round(macs / (rows * COLUMNS * DEPTH));
  return () => {
    for (let i = 0; i < times; i++) ukernel(a, b, DEPTH, c, COLUMNS * 4);
  };
}
