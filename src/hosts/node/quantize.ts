/** The entry for networks in eight bits in Node, Deno and Bun. */
import { quantizedLoader } from "../../quantize/load.js";
import { quantizer } from "../../quantize/quantize.js";
import { compileInt8Kernels } from "../../runtime/int8-kernels.js";
import { nodeHost } from "./host.js";
import { kernelsFrom } from "./kernels.js";

export * from "../../faces/quantize.js";

const kernels = /* @__PURE__ */ kernelsFrom("inference-int8-", compileInt8Kernels);

/**
 * Makes a network in eight bits of a trained one: products on integers, with the ranges that activations have over samples of
 * its inputs. The model that is given stays as it is.
 * @function
 */
export const quantize = /* @__PURE__ */ quantizer(nodeHost, kernels);

/**
 * Restores a network in eight bits from the bytes of its `save()`. Throws `FormatError` when they are something else.
 * @function
 */
export const loadModel = /* @__PURE__ */ quantizedLoader(nodeHost, kernels);
