/** The kernels as they are, without a model around them: B is packed in every run, as the others do it. */
import { encodeRecord, gemmScratch, packedSize } from "../../build/bench/kernels.js";
import { matrices } from "../data.js";
import { fetchBytes } from "../files.js";

export async function create(task, { relaxedSimd }) {
  const { m, n, k } = task;
  const variant = relaxedSimd ? "relaxed" : "simd";
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536 });
  const bytes = await fetchBytes(`build/kernels/${variant}.wasm`);
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const { run } = instance.exports;
  let top = 65536;
  /** Room for `length` numbers, at addresses that do not lie whole pages apart. */
  const place = (length) => {
    const at = top;
    top += Math.ceil((length * 4) / 4096) * 4096 + 320;
    while (top > memory.buffer.byteLength) memory.grow(256);
    return at;
  };
  const [a, b, c, packed] = [place(m * k), place(k * n), place(m * n), place(packedSize(k, n))];
  const scratchStride = Math.ceil(gemmScratch(m, k) / 64) * 64;
  const epilogue = { bias: 0, residual: 0, ldr: 0, activation: 0, param: 0, source: 0, lds: 0 };
  const words = [];
  encodeRecord(words, "f32_pack_b", { src: b, dst: packed, k, n, ld: n, transposed: 0 });
  const io = { a, lda: k, aTransposed: 0, b: packed, c, ldc: n, m, n, k, scratch: place(scratchStride / 4) };
  encodeRecord(words, "f32_gemm", { ...io, ...epilogue, scratchStride });
  const begin = place(words.length);
  new Int32Array(memory.buffer, begin, words.length).set(words);
  const data = matrices(task);
  const view = (at, length) => new Float32Array(memory.buffer, at, length);
  view(a, m * k).set(data.a);
  view(b, k * n).set(data.b);
  return {
    version: variant,
    run: () => void run(begin, begin + words.length * 4, 0, 1),
    output: () => view(c, m * n),
  };
}
