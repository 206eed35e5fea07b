/** All that imported networks may take besides what classic ones do (`emit.ts`). */
import { transpose } from "../../ops/movement.js";
import { mapEmitters } from "./emit-maps.js";
import { moveEmitters } from "./emit-moves.js";
import { shapeEmitters } from "./emit-shapes.js";
import { recordJoined, severalOutputs } from "./outputs.js";
import { type FurtherParts, useFurther } from "./parts.js";

export function useAllParts(): void {
  const emitters = new Map(Object.entries({ ...shapeEmitters(), ...mapEmitters(), ...moveEmitters() }));
  const transposed: FurtherParts["transposed"] = (b, x, order) => b.op(transpose, [x], { order })[0];
  useFurther({ emitters, transposed, recordJoined, severalOutputs });
}
