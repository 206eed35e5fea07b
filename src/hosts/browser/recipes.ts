/** The entry for recipes. */
import { createTrainer, freeze } from "../../faces/main.js";
import { tableTrainer } from "../../recipes/table.js";
import { createModel } from "./index.js";

export * from "../../faces/recipes.js";

/**
 * Trains residual networks on a table, csv text or one of `readCsv`, and judges them by rows that they have not seen.
 * @function
 */
export const trainTable = /* @__PURE__ */ tableTrainer({ createModel, createTrainer, freeze });
