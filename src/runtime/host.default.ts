/** Any runtime of which nothing more is known: one thread. */
import { type Host, singleThread } from "./host.js";
import { compileKernels } from "./kernels.js";

export const defaultHost: Host = {
  ...singleThread("this entry point of the package runs on one thread"),
  name: "default",
  noRelaxed: () => null,
  kernels: compileKernels,
};
