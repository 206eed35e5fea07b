/** As many multiply-adds as the product has, in the bare micro-kernel: no result to compare. */
import { fetchBytes } from "../files.js";
import { microKernel } from "./kernel.js";

export async function create({ m, n, k }, { variant }) {
  const wasm = await fetchBytes(`build/bench/micro-kernel-${variant}.wasm`);
  return { version: variant, run: await microKernel(wasm, variant, m * n * k) };
}
