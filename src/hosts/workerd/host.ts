/** workerd (Cloudflare Workers), which forbids compiling at run time. No threads. */
import { type Runtime, singleThread } from "../../runtime/host.js";

export const workerdHost: Runtime = {
  ...singleThread("workerd has no worker threads"),
  name: "workerd",
  noRelaxed: () => "the entry point for workerd has the SIMD kernels only",
};
