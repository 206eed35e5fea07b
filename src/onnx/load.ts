/** `loadOnnx` of an entry point: of its runtime, with the kernels that it brings. */

import { ArgumentError, expectation } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { makeModel } from "../model/create.js";
import type { Engine } from "../model/engine.js";
import type { Model } from "../model/model.js";
import { writeStateDict } from "../model/state.js";
import type { Host, Runtime } from "../runtime/host.js";
import { openClassic } from "./classic.js";
import type { LoadOnnxOptions } from "./open.js";

export const onnxLoader =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  async (bytes: Uint8Array | ArrayBuffer, options: LoadOnnxOptions = {}): Promise<Model> => {
    if (typeof options !== "object" || options === null)
      throw new ArgumentError(expectation("loadOnnx", "options", "an object", options));
    const { inputShape, externalData, inputs, outputs, batch, logits, fileName, classes, head, ...rest } = options;
    const further = { externalData, inputs, outputs, batch, logits, fileName, classes, head };
    const isPlain = Object.values(further).every((option) => option === undefined);
    const classic = isPlain ? openClassic(bytes, inputShape) : undefined;
    const { network, fill, ...opened } = classic
      ? { ...classic, fill: (engine: Engine) => void writeStateDict(engine, classic.state) }
      : await (await demanded("loadOnnx", import("./open.js"))).open(bytes, { inputShape, ...further });
    return makeModel({ ...runtime, kernels }, network, { ...rest, inputShape: opened.inputShape }, fill);
  };
