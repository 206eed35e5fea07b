import { readFile } from "node:fs/promises";

/** A module that `compileModel` made: without the library. */
export async function first(x, { file }) {
  const bytes = await readFile(new URL(file, new URL("../../build/bench/", import.meta.url)));
  const { instance } = await WebAssembly.instantiate(bytes);
  const { memory, input, output, run } = instance.exports;
  new Float32Array(memory.buffer, input(), x.length).set(x);
  if (run(1) !== 0) throw new Error("run expected to take one sample");
  return new Float32Array(memory.buffer, output(), 10);
}
