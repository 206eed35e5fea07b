/** The entry for ONNX files. */
import { onnxLoader } from "../../onnx/load.js";
import { compileKernels } from "../../runtime/kernels.js";
import { browserHost } from "./host.js";

export * from "../../faces/onnx.js";

/**
 * A model of an ONNX file, its weights loaded: `importOnnx`, `createModel` and `loadStateDict` in one.
 * @function
 */
export const loadOnnx = /* @__PURE__ */ onnxLoader(browserHost, compileKernels);
