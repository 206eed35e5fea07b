/** Edge runtimes under the condition "edge-light" (Vercel, Next), which import a module by `?module`. No threads. */
import simd from "../../build/kernels/simd.wasm?module";
import { type Host, singleThread } from "./host.js";

export const edgeHost: Host = {
  ...singleThread("edge runtimes have no worker threads"),
  name: "edge",
  noRelaxed: () => "the entry point for edge runtimes has the SIMD kernels only",
  kernels: async () => simd,
};
