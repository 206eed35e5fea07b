/** What `resnet-wasm/recipes` exports in every runtime; the recipes themselves come from the runtime's entry. */
export * from "../core/errors.js";
export type { Table, TableState, TableTransform } from "../data/table.js";
export type { Model } from "../model/model.js";
export type { ColumnUse } from "../recipes/columns.js";
export type { AnyModel, AnyTrainer, Entry, MakeOptions } from "../recipes/entry.js";
export type { FineTuned } from "../recipes/fine-tune.js";
export type { FineTuneOptions } from "../recipes/fine-tune-options.js";
export type { TrainTableOptions } from "../recipes/table-options.js";
export type { TableEvaluation, TableFigures, TableMetrics, TableReport } from "../recipes/table-report.js";
export type { TrainedTable } from "../recipes/table-training.js";
