/** The layers of saved models, for bundles that should not have all: those beyond the classic ones come on demand. */
import { demanded } from "../core/on-demand.js";
import { classicLayers } from "./catalogue.js";
import { type LayerClasses, layerClass } from "./registry.js";

/** Of networks from ONNX files. */
const IMPORTED = "OnnxNetwork";

/** The classes that a network in JSON may name. `json` is what `JSON.stringify` makes of it. */
export async function fetchLayers(json: string): Promise<LayerClasses> {
  const classic = classicLayers();
  // A type with an escape in it is none of ours: then all are there, for the error that lists them.
  const types = Array.from(json.matchAll(/"type":"([^"\\]*)/g), ([, type]) => type);
  const imported = types.includes(IMPORTED) ? await fetchImported(json, classic) : {};
  const isThere = (type: string) => type === IMPORTED || layerClass(type, classic);
  if (types.every(isThere)) return { ...classic, ...imported };
  const { furtherLayers } = await demanded("loadModel", import("./further.js"));
  return { ...classic, ...furtherLayers(), ...imported };
}

async function fetchImported(json: string, classic: LayerClasses): Promise<LayerClasses> {
  const part = await demanded("loadModel", import("./imported/fetch-network.js"));
  return part.fetchImported(json, layerClass(IMPORTED, classic));
}
