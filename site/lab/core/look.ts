/** What a net of pictures sees in one of them: its answer, where it looks (Grad-CAM), what its filters make of it. */
import { activations, gradCam, type Model } from "resnet-wasm";
import { type Image, toImage, transformImage } from "resnet-wasm/data";
import { GLYPH_CLASSES, GLYPH_SIDE } from "./datasets.js";
import { probabilityOf } from "./loss.js";

export interface Look {
  /** Of each class. */
  probabilities: number[];
  /** Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) for the class with the largest probability: side by side, from 0 to 255. */
  cam: { side: number; data: Uint8Array };
  /** Each channel of the layer looked at, from 0 at its smallest value to 255 at its largest. */
  maps: { side: number; count: number; data: Uint8Array };
}

/** The layer whose maps Grad-CAM weighs: the last with places. */
const CAM_LAYER = "layer3";

export function lookAt(model: Model, picture: Float32Array, layer: string): Look {
  const { data: logits } = model.predict(picture);
  const probabilities = Array.from(
    { length: GLYPH_CLASSES },
    (_, label) => probabilityOf(logits, GLYPH_CLASSES, label)[0],
  );
  const { data: heat, shape } = gradCam(model, picture, { layer: CAM_LAYER });
  const seen = activations(model, picture, [layer]).get(layer);
  if (!seen) throw new Error(`lookAt: the network has no ${layer}`);
  return {
    probabilities,
    cam: { side: shape[1], data: Uint8Array.from(heat, (v) => Math.round(255 * v)) },
    maps: channelsOf(seen.data, seen.shape[1], seen.shape[3]),
  };
}

/** [side, side, count] → [count, side, side], each map over its own range. */
function channelsOf(values: Float32Array, side: number, count: number): Look["maps"] {
  const data = new Uint8Array(values.length);
  const pixels = side * side;
  for (let c = 0; c < count; c++) {
    let [low, high] = [Infinity, -Infinity];
    for (let p = 0; p < pixels; p++) {
      low = Math.min(low, values[p * count + c]);
      high = Math.max(high, values[p * count + c]);
    }
    const scale = high > low ? 255 / (high - low) : 0;
    for (let p = 0; p < pixels; p++) data[c * pixels + p] = Math.round((values[p * count + c] - low) * scale);
  }
  return { side, count, data };
}

/** A picture of any size as the nets take it: one channel, light on dark as the alphabet they have learnt. */
export async function pictureFrom(file: Blob): Promise<Float32Array> {
  const image: Image = await toImage(file);
  const transform = { resize: GLYPH_SIDE, crop: GLYPH_SIDE, mean: [0], std: [1] };
  const { data } = transformImage(image, transform);
  const border = Array.from({ length: GLYPH_SIDE }, (_, i) => data[i] + data[data.length - 1 - i]);
  const isLight = border.reduce((sum, v) => sum + v, 0) > border.length;
  return isLight ? data.map((v) => 1 - v) : data;
}
