/** The main entry for workerd (Cloudflare Workers). */
// Its bundlers hand over a compiled module.
import simd from "../../../build/kernels/simd.wasm";
import { modelCreator, modelLoader } from "../../model/create.js";
import { workerdHost } from "./host.js";

export * from "../../faces/main.js";

/** Gives a network weights and a memory to run in. Throws `ShapeError` or `ArgumentError` when its parts do not fit. */
export const createModel = /* @__PURE__ */ modelCreator(workerdHost, async () => simd);

/** Restores a model from the bytes of `model.save()`. Throws `FormatError` when they are something else. */
export const loadModel = /* @__PURE__ */ modelLoader(workerdHost, async () => simd);
