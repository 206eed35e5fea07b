/** What a model says of one sample. */
import { gradCam } from "resnet-wasm";
import { currentSession, lastMaps } from "./context.js";
import { transformOf } from "./network.js";
import { inputsOf } from "./pictures.js";
import { type SignalTransform, standardised } from "./sensor.js";
import { inputsOfRow } from "./table.js";

/** Probabilities of the classes, or the number. */
function answersTo(x: Float32Array): number[] {
  const { model } = currentSession();
  const scores = [...model.predict(x).data];
  if (!model.classNames) return scores;
  const top = Math.max(...scores);
  const shares = scores.map((score) => Math.exp(score - top));
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share) => share / sum);
}

export function askPicture(pixels: Uint8Array): number[] {
  return answersTo(inputsOf([pixels], transformOf(currentSession().model)));
}

export function askRow(row: Record<string, string>): number[] {
  return answersTo(inputsOfRow(currentSession().model.transform, row));
}

export function askWindow(values: Float32Array): number[] {
  return answersTo(standardised(values, currentSession().model.transform as SignalTransform));
}

export interface ClassMap {
  height: number;
  width: number;
  /** Row by row, 0 to 1. */
  values: Float32Array;
}

/** What in a picture spoke for a class; null for networks without maps. */
export async function mapOf(pixels: Uint8Array, target: number): Promise<ClassMap | null> {
  const { model } = currentSession();
  const layer = await lastMaps(model);
  if (!layer) return null;
  const { data, shape } = gradCam(model, inputsOf([pixels], transformOf(model)), { layer, target });
  return { height: shape[1], width: shape[2], values: data };
}
