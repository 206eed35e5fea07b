/** Gradients of what is added to every row. */
import { cuts } from "../abi/partials.js";
import { last, rows } from "../core/shape.js";
import type { Op } from "../graph/op.js";

/** The sum of all rows: the gradient of a bias. */
export const columnSum: Op = {
  name: "columnSum",
  shapes: ([x]) => [[last(x)]],
  workspace: ([x]) => cuts.columnSum(rows(x), last(x)).bytes,
  encode(node, c) {
    const x = c.shape(node, 0);
    c.emit("f32_column_sum", node, "x", "y", cuts.columnSum(rows(x), last(x)));
  },
};
