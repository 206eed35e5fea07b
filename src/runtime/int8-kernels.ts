/** The kernels of networks in eight bits: those of all predictions, and products of integers. */
import type { Host } from "./host.js";
import { compileOnce } from "./kernels.js";

export const compileInt8Kernels: Host["kernels"] = (variant, shared) =>
  compileOnce(
    `int8 kernels ${variant}`,
    shared,
    variant === "simd"
      ? () => import("../../build/kernels/inference-int8-simd.js")
      : () => import("../../build/kernels/inference-int8-relaxed.js"),
  );
