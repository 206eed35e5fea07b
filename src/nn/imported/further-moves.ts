/** The part of imported networks with what moves, gathers and resizes. */
import { moveEmitters } from "./emit-moves.js";
import { usePart } from "./parts.js";

export const use = (): void => usePart("moves", moveEmitters());
