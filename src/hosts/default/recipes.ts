/** The entry for recipes. */
import { activations, createTrainer, freeze, unfreeze } from "../../faces/main.js";
import { fineTuner } from "../../recipes/fine-tune.js";
import { tableTrainer } from "../../recipes/table.js";
import { createModel } from "./index.js";

export * from "../../faces/recipes.js";

const here = { createModel, createTrainer, freeze, unfreeze, activations };

/**
 * Trains residual networks on a table, csv text or one of `readCsv`, and judges them by rows that they have not seen.
 * @function
 *
 * @example
 * const { model, evaluation } = await trainTable(csv, { target: "result", repeats: 1, epochs: 2, print: null });
 */
export const trainTable = /* @__PURE__ */ tableTrainer(here);

/**
 * Teaches a trained network classes of one's own: a new head on what it sees, then its last stage with it.
 * @function
 *
 * @example
 * const { model: tuned, evaluation } = await fineTune(model, dataset, { headEpochs: 1, stageEpochs: 1, print: null });
 */
export const fineTune = /* @__PURE__ */ fineTuner(here);
