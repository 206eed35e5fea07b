/** Networks of ONNX files in saved models: how they record their steps comes on demand, with ops that classic layers lack. */
import { demanded } from "../core/on-demand.js";
import { classicLayers } from "./catalogue.js";
import { isKnown, type LayerClasses } from "./registry.js";

/** The classic layers, the further ones, and that of networks from ONNX files where the JSON names it. */
export async function withImported(json: string, further: LayerClasses): Promise<LayerClasses> {
  const classes = { ...classicLayers(), ...further };
  if (!json.includes('"type":"OnnxNetwork"') || isKnown("OnnxNetwork", classes)) return classes;
  const { OnnxNetwork } = await demanded("loadModel", import("./imported/network.js"));
  return { ...classes, OnnxNetwork };
}
