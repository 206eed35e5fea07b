/** Networks of ONNX files in saved models: how they record their steps comes on demand. */
import { demanded } from "../core/on-demand.js";
import { isKnown, type LayerClasses } from "./registry.js";

/** The classes, and that of networks from ONNX files where the JSON names it. */
export async function withImported(json: string, classes: LayerClasses): Promise<LayerClasses> {
  if (!json.includes('"type":"OnnxNetwork"') || isKnown("OnnxNetwork", classes)) return classes;
  const { OnnxNetwork } = await demanded("loadModel", import("./imported/network.js"));
  return { ...classes, OnnxNetwork };
}
