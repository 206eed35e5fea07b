/** The kernels as they are, without a model around them: B is packed in every run, as the others do it. */
import { encodeRecord, gemmScratch, gemmSizes, packedSize, setShared } from "../../build/bench/kernels.js";
import { matrices } from "../data.js";
import { fetchBytes } from "../files.js";

/** Threads besides this one; each runs what is submitted. */
async function startThreads(module, memory, threads) {
  if (typeof process !== "object") throw new Error("threads for the bare kernels are started in Node alone");
  const { Worker } = await import("node:worker_threads");
  const source = `const { workerData: d, parentPort } = require("node:worker_threads");
    const { serve } = new WebAssembly.Instance(d.module, { env: { memory: d.memory } }).exports;
    parentPort.postMessage("ready");
    serve(d.thread, d.threads, 0);`;
  for (let thread = 1; thread < threads; thread++) {
    const worker = new Worker(source, { eval: true, workerData: { module, memory, thread, threads } });
    await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    worker.unref();
  }
}

export async function create(task, { relaxedSimd, threads }) {
  const { m, n, k } = task;
  const variant = relaxedSimd ? "relaxed" : "simd";
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: threads > 1 });
  const bytes = new Uint8Array(await fetchBytes(`build/kernels/${variant}.wasm`));
  setShared(bytes, threads > 1);
  const module = await WebAssembly.compile(bytes);
  const { submit } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  if (threads > 1) await startThreads(module, memory, threads);
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
  const epilogue = { bias: 0, residual: 0, activation: 0, param: 0, source: 0 };
  const words = [];
  encodeRecord(words, "f32_pack_b", { src: b, dst: packed, k, n, ld: n, transposed: 0 });
  const io = {
    a,
    lda: k,
    aTransposed: 0,
    b: packed,
    y: c,
    ldy: n,
    m,
    n,
    k,
    ...gemmSizes(m, k),
    scratch: place((scratchStride / 4) * threads),
  };
  encodeRecord(words, "f32_gemm", { ...io, ...epilogue, scratchStride });
  const begin = place(words.length);
  new Int32Array(memory.buffer, begin, words.length).set(words);
  const data = matrices(task);
  const view = (at, length) => new Float32Array(memory.buffer, at, length);
  view(a, m * k).set(data.a);
  view(b, k * n).set(data.b);
  return {
    version: variant,
    run: () => void submit(begin, begin + words.length * 4, threads),
    output: () => view(c, m * n),
  };
}
