/** Edge runtimes under the condition "edge-light" (Vercel, Next), which forbid compiling at run time. No threads. */
import { type Runtime, singleThread } from "../../runtime/host.js";

export const edgeHost: Runtime = {
  ...singleThread("edge runtimes have no worker threads"),
  name: "edge",
  noRelaxed: () => "the entry point for edge runtimes has the SIMD kernels only",
};
