/** The part of imported networks that few take: functions of all kinds, reductions, what gathers and resizes, several outputs. */
import { mapEmitters } from "./emit-maps.js";
import { moveEmitters } from "./emit-moves.js";
import { recordJoined, severalOutputs } from "./outputs.js";
import { usePart } from "./parts.js";

export const use = (): void =>
  usePart("others", { ...mapEmitters(), ...moveEmitters() }, { recordJoined, severalOutputs });
