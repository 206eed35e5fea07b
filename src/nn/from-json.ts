/** Layers from JSON, whichever they are: what reads them has all. */
import { classicLayers } from "./catalogue.js";
import { withImported } from "./fetch-imported.js";
import { furtherLayers } from "./further.js";
import type { Layer } from "./layer.js";
import { type LayerClasses, makeLayer } from "./registry.js";

/** Rebuilds a layer from `toJSON()`. Throws `FormatError` on an unknown type and whatever the constructor refuses. */
export const layerFromJSON = (json: unknown): Layer => makeLayer(json, { ...classicLayers(), ...furtherLayers() });

/** The classes that a network in JSON may name. `json` is what `JSON.stringify` makes of it. */
export const findLayers = (json: string): Promise<LayerClasses> => withImported(json, furtherLayers());
