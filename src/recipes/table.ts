/** Training on a table in one call: what its columns are, networks on folds of its rows, and how good they are together. */
import type { Table } from "../data/table.js";
import { type AnyModel, type Entry, entryOf } from "./entry.js";
import { understand } from "./table-input.js";
import { readTableOptions, type TrainTableOptions } from "./table-options.js";
import { TableTraining, type TrainedTable } from "./table-training.js";

/**
 * Trains residual networks on a table, csv text or one of `readCsv`, and judges them by rows that they have not seen. Five folds of the
 * rows take turns at being held out; each network trains on the other four and stops when the loss on the fifth is at its least. The
 * evaluation is of what each row got from the networks that had not seen it, beside a linear model of the same folds; `model` holds
 * all networks as one. Columns that say nothing, number the rows or alone decide the target are left out. Every choice is printed and is
 * an option. Throws `DataError` on tables that cannot be learned from.
 *
 * ```ts
 * const { model, table, evaluation } = await trainTable(await readFile("titanic.csv", "utf8"), { target: "survived" });
 * await model.save("titanic.safetensors");
 * ```
 */
export const tableTrainer =
  <Own extends AnyModel>(own: Entry<Own>) =>
  async <M extends AnyModel = Own>(csv: string | Table, options: TrainTableOptions<M>): Promise<TrainedTable<M>> => {
    const settings = readTableOptions<M>(options);
    const entry = entryOf<M>("trainTable", settings.on, own as unknown as Entry<M>);
    const { print } = settings;
    const understood = understand(csv, settings);
    for (const line of understood.lines) print(line);
    return new TableTraining(entry, understood, settings, [...understood.lines]).run();
  };
