/** workerd (Cloudflare Workers), which forbids compiling at run time: its bundlers hand over a module. No threads. */
import simd from "../../build/kernels/simd.wasm";
import { type Host, singleThread } from "./host.js";

export const workerdHost: Host = {
  ...singleThread("workerd has no worker threads"),
  name: "workerd",
  noRelaxed: () => "the entry point for workerd has the SIMD kernels only",
  kernels: async () => simd,
};
