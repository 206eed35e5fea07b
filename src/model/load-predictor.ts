/** Loads models for predictions alone: neither gradients nor training come into the bundle. */
import { INFERENCE } from "../program/encode-inference.js";
import type { Host } from "../runtime/host.js";
import { assembleSaved, type LoadOptions } from "./assemble.js";
import { Predictor } from "./predictor.js";

export async function loadPredictorOn(
  host: Host,
  bytes: Uint8Array | ArrayBuffer,
  options?: LoadOptions,
): Promise<Predictor> {
  const { engine, info, transform } = await assembleSaved(host, bytes, options, INFERENCE);
  return new Predictor(engine, info, transform);
}
