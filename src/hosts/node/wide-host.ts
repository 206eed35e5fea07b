/** Node with kernels for vectors of 256 bits, for the entries that run on the thread of who calls. */
import type { Runtime } from "../../runtime/host.js";
import { nodeHost } from "./host.js";

/** Asked for here, because files on demand ask for no further ones. */
const files = {
  simd: () => import("../../../build/kernels/wide-simd.js"),
  relaxed: () => import("../../../build/kernels/wide-relaxed.js"),
};

/** A function: bundlers keep a spread that nobody uses. */
const withWide = (host: Runtime): Runtime => ({
  ...host,
  wide: async (...given) => (await import("./wide.js")).wideKernels(files, ...given),
});

export const wideHost = /* @__PURE__ */ withWide(nodeHost);
