/** The entry for inference alone in workerd (Cloudflare Workers). */
// Its bundlers hand over a compiled module.
import simd from "../../../build/kernels/inference-simd.wasm";
import { predictorLoader } from "../../model/load-predictor.js";
import { workerdHost } from "./host.js";

export * from "../../faces/inference.js";

/** Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else. */
export const loadModel = /* @__PURE__ */ predictorLoader(workerdHost, async () => simd);
