/** Layers from JSON, whichever they are: what reads them has all. */
import { classicLayers } from "./catalogue.js";
import { furtherLayers } from "./further.js";
import type { Layer } from "./layer.js";
import { makeLayer } from "./registry.js";

/**
 * Rebuilds a layer from `toJSON()`. Throws `FormatError` on an unknown type and whatever the constructor refuses.
 *
 * @example
 * const network = layerFromJSON(model.network.toJSON());
 */
export const layerFromJSON = (json: unknown): Layer => makeLayer(json, { ...classicLayers(), ...furtherLayers() });
