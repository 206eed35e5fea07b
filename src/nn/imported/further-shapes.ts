/** The part of imported networks that most take which are no classic ones. */
import { transpose } from "../../ops/movement.js";
import { shapeEmitters } from "./emit-shapes.js";
import { usePart } from "./parts.js";

export const use = (): void =>
  usePart("shapes", shapeEmitters(), { transposed: (b, x, order) => b.op(transpose, [x], { order })[0] });
