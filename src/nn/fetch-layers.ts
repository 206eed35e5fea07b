/** The layers of saved models, for bundles that should not have all: those beyond the classic ones come on demand. */
import { demanded } from "../core/on-demand.js";
import { classicLayers } from "./catalogue.js";
import { withImported } from "./fetch-imported.js";
import { isKnown, type LayerClasses } from "./registry.js";

/** The classes that a network in JSON may name. `json` is what `JSON.stringify` makes of it. */
export async function fetchLayers(json: string): Promise<LayerClasses> {
  const classic = classicLayers();
  // A type with an escape in it is none of ours: then all are there, for the error that lists them.
  const types = Array.from(json.matchAll(/"type":"([^"\\]*)/g), ([, type]) => type);
  if (types.every((type) => isKnown(type, classic))) return classic;
  const { furtherLayers } = await demanded("loadModel", import("./further.js"));
  return withImported(json, furtherLayers());
}
