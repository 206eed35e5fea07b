/** Predictions that hear a signal: those of `model.predict`, with turns of the loop between their batches. */
import type { TensorLike } from "../core/tensor.js";
import { createYielder } from "../core/yield.js";
import type { Model, PredictOptions } from "../model/model.js";
import { predictInParts } from "../model/predictor.js";
import { byName } from "../nn/outputs.js";

/** Throws the signal's reason where it comes between two batches. */
export async function predict(model: Model, signal: AbortSignal, x: TensorLike, options?: PredictOptions) {
  signal.throwIfAborted();
  const pause = createYielder();
  const passes = predictInParts(model.engine, model, x, options);
  let pass = passes.next();
  while (!pass.done) {
    await pause();
    signal.throwIfAborted();
    pass = passes.next();
  }
  return byName(model.network, pass.value);
}
