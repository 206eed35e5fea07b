/** The entry for inference alone in edge runtimes under the condition "edge-light". */
// Its bundlers hand over a compiled module.
import simd from "../../../build/kernels/inference-simd.wasm?module";
import { predictorLoader } from "../../model/load-predictor.js";
import { edgeHost } from "./host.js";

export * from "../../faces/inference.js";

/** Restores a model from the bytes of `model.save()`, for predictions. Throws `FormatError` when they are something else. */
export const loadModel = /* @__PURE__ */ predictorLoader(edgeHost, async () => simd);
