/** The entry for networks in eight bits in edge runtimes under the condition "edge-light". */
// Its bundlers hand over a compiled module.
import simd from "../../../build/kernels/inference-int8-simd.wasm?module";
import { quantizedLoader } from "../../quantize/load.js";
import { quantizer } from "../../quantize/quantize.js";
import { edgeHost } from "./host.js";

export * from "../../faces/quantize.js";

/**
 * Makes a network in eight bits of a trained one: products on integers, with the ranges that activations have over samples of
 * its inputs. The model that is given stays as it is.
 * @function
 */
export const quantize = /* @__PURE__ */ quantizer(edgeHost, async () => simd);

/**
 * Restores a network in eight bits from the bytes of its `save()`. Throws `FormatError` when they are something else.
 * @function
 */
export const loadModel = /* @__PURE__ */ quantizedLoader(edgeHost, async () => simd);
