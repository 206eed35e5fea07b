/** The part of imported networks with elementwise functions of all kinds, broadcasting, and reductions. */
import { mapEmitters } from "./emit-maps.js";
import { usePart } from "./parts.js";

export const use = (): void => usePart("maps", mapEmitters());
