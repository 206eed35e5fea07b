/** The entry for networks in eight bits in runtimes of which nothing more is known: one thread. */
import { quantizedLoader } from "../../quantize/load.js";
import { quantizer } from "../../quantize/quantize.js";
import { compileInt8Kernels } from "../../runtime/int8-kernels.js";
import { defaultHost } from "./host.js";

export * from "../../faces/quantize.js";

/**
 * Makes a network in eight bits of a trained one: products on integers, with the ranges that activations have over samples of
 * its inputs. The model that is given stays as it is.
 * @function
 *
 * @example
 * const small = await quantize(model, dataset); // ranges of a few samples as they come
 * const file = await small.save();
 */
export const quantize = /* @__PURE__ */ quantizer(defaultHost, compileInt8Kernels);

/**
 * Restores a network in eight bits from the bytes of its `save()`. Throws `FormatError` when they are something else.
 * @function
 *
 * @example
 * const small = await loadModel(await (await quantize(model, dataset)).save());
 * console.log(small.predict(x).data);
 */
export const loadModel = /* @__PURE__ */ quantizedLoader(defaultHost, compileInt8Kernels);
