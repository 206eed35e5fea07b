/** The entry for networks in eight bits in Node, Deno and Bun. */
import { expectation, RuntimeSupportError } from "../../core/errors.js";
import { quantizedLoader } from "../../quantize/load.js";
import { quantizer } from "../../quantize/quantize.js";
import type { Host } from "../../runtime/host.js";
import { compileInt8Kernels } from "../../runtime/int8-kernels.js";
import { nodeHost } from "./host.js";
import { kernelsFrom } from "./kernels.js";
import { claimVectors } from "./vectors.js";

export * from "../../faces/quantize.js";

const ofFiles = /* @__PURE__ */ kernelsFrom("inference-int8-", compileInt8Kernels);

const kernels: Host["kernels"] = (...given) => {
  if (claimVectors("int8")) return ofFiles(...given);
  const hint = "Predict with networks in eight bits in another process";
  const expected = "a process without V8's flag for wide kernels";
  throw new RuntimeSupportError(expectation("quantize", "kernels in eight bits", expected, "one with it", { hint }));
};

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
