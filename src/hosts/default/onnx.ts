/** The entry for ONNX files. */
import { onnxLoader } from "../../onnx/load.js";
import { compileKernels } from "../../runtime/kernels.js";
import { defaultHost } from "./host.js";

export * from "../../faces/onnx.js";

/**
 * A model of an ONNX file, its weights loaded: `importOnnx`, `createModel` and `loadStateDict` in one.
 * @function
 *
 * @example
 * const model = await loadOnnx(readFileSync("resnet18.onnx"));
 */
export const loadOnnx = /* @__PURE__ */ onnxLoader(defaultHost, compileKernels);
