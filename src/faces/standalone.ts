/** What `resnet-wasm/standalone` exports. */
export * from "../core/errors.js";
export { type CompileOptions, compileModel, type ModuleInfo } from "../standalone/compile.js";
export type { Precision } from "../standalone/weights.js";
