/** The entry for ONNX files. */
// Its bundlers hand over a compiled module.
import simd from "../../../build/kernels/simd.wasm";
import { onnxLoader } from "../../onnx/load.js";
import { workerdHost } from "./host.js";

export * from "../../faces/onnx.js";

/**
 * A model of an ONNX file, its weights loaded: `importOnnx`, `createModel` and `loadStateDict` in one.
 * @function
 */
export const loadOnnx = /* @__PURE__ */ onnxLoader(workerdHost, async () => simd);
