/** The class of imported networks for saved models, with the parts that those in a file take. */
import type { LayerClass, LayerClasses } from "../registry.js";
import { OnnxNetwork } from "./network.js";
import type { Definition } from "./recording.js";

/** `Known` is the class that a program has which imports ONNX files: layers are made with it. */
export async function fetchImported(json: string, Known: LayerClass = OnnxNetwork): Promise<LayerClasses> {
  const definitions: Definition[] = [];
  JSON.parse(json, (_, value) => {
    if (value?.type === "OnnxNetwork" && Array.isArray(value.args)) definitions.push(value.args[0]);
    return value;
  });
  await (Known as typeof OnnxNetwork).fetchParts?.("loadModel", definitions);
  return { OnnxNetwork };
}
