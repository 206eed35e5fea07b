/**
 * Tables of named columns, and how they become rows of numbers. What is learnt from the training rows (means, category
 * lists, quantiles) is one JSON-able state, fitted once and applied to any other table: no test row leaks into it.
 */
import { expectNumber, expectOneOf } from "../core/check.js";
import { ArgumentError, DataError, describe, expectation, FormatError, ShapeError } from "../core/errors.js";
import { flag, integer, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { tagOf } from "../core/tag.js";
import { readNumbers } from "../core/tensor.js";
import { arrayDataset } from "./array.js";
import { distinct, placesOf } from "./categories.js";
import { type Dataset, expectIndices } from "./dataset.js";
import { fitQuantiles } from "./quantile.js";
import { readSplitOptions, type SplitOptions, splitOrder } from "./split.js";
import {
  type CategoryFeature,
  type Column,
  type NumberFeature,
  writeCategories,
  writeNumbers,
} from "./table-features.js";

export type { Column } from "./table-features.js";

/** Rows and columns, and which column is to be predicted. */
export interface Table {
  length: number;
  columns: readonly Column[];
  target?: Column | undefined;
  /** What the target is. */
  targets?: "class" | "number" | undefined;
}

const isColumn = (column: unknown): column is Column => {
  const { name, text, numbers } = Object(column) as Partial<Column>;
  const isField = (field: unknown): boolean => field === null || typeof field === "string";
  const hasNumbers = numbers === undefined || tagOf(numbers) === "Float64Array";
  return typeof name === "string" && Array.isArray(text) && text.every(isField) && hasNumbers;
};

/** Columns of one's own are objects that nobody has checked. */
function expectColumns(where: string, columns: unknown, target: unknown): void {
  const expected = "{ name, text: (string or null)[], numbers?: Float64Array }";
  if (!Array.isArray(columns)) throw new ArgumentError(expectation(where, "columns", "an array of columns", columns));
  const bad = columns.findIndex((column) => !isColumn(column));
  if (bad >= 0) throw new ArgumentError(expectation(where, `columns[${bad}]`, expected, describe(columns[bad])));
  if (target !== undefined && !isColumn(target))
    throw new ArgumentError(expectation(where, "target", expected, describe(target)));
}

function expectTable(where: string, table: unknown): void {
  const { columns, target } = Object(table) as Partial<Table>;
  if (!Array.isArray(columns) || !Number.isInteger((table as Table).length))
    throw new ArgumentError(expectation(where, "table", "a Table, from readCsv or makeTable", describe(table)));
  expectColumns(where, columns, target);
}

const placeSchema = () =>
  ({ where: optional(text), path: optional(text) }) satisfies Schema<{ where?: string; path?: string | undefined }>;

/** Numbers that answer yes or no. Taken for numbers they would be standardised, and no targets of `bceWithLogits` any more. */
const isBinary = (numbers: Float64Array): boolean =>
  numbers.every((value) => value === 0 || value === 1) && numbers.includes(0) && numbers.includes(1);

/**
 * Checks the target; `readCsv` calls it, and so may who has columns from elsewhere. `targets` is by default "number" where the
 * target has numbers other than 0 and 1, "class" elsewhere.
 *
 * @example
 * const column = { name: "a", text: ["1", "2"], numbers: Float64Array.of(1, 2) };
 * const table = makeTable([column], undefined, undefined);
 */
export function makeTable(
  columns: readonly Column[],
  target: Column | undefined,
  targets: "class" | "number" | undefined,
  options?: { where: string; path?: string | undefined },
): Table {
  const { where = "makeTable", path } = readOptions("makeTable", options, placeSchema);
  expectColumns(where, columns, target);
  const length = (target ?? columns[0])?.text.length ?? 0;
  if (length === 0 || columns.length === 0) {
    throw new DataError(expectation(where, "table", "at least one row and one column of inputs", "none", { path }));
  }
  for (const { name, text, numbers } of target ? [...columns, target] : columns) {
    if (text.length !== length || (numbers && numbers.length !== length)) {
      throw new ShapeError(expectation(where, `column ${describe(name)}`, `${length} fields`, text.length, { path }));
    }
  }
  if (!target) return { length, columns };
  const byDefault = target.numbers && !isBinary(target.numbers) ? "number" : "class";
  const kind = expectOneOf(where, "targets", targets ?? byDefault, ["class", "number"]);
  const name = `target ${describe(target.name)}`;
  const missing = target.text.indexOf(null);
  if (missing >= 0) {
    const hint = 'Leave the row out, or tell readCsv what means "not known": { missing: [""] }';
    throw new DataError(expectation(where, `${name}, row ${missing}`, "a value", "a missing one", { path, hint }));
  }
  if (kind === "number" && !target.numbers) {
    throw new DataError(expectation(where, name, "numbers", `fields such as ${describe(target.text[0])}`, { path }));
  }
  return { length, columns, target, targets: kind };
}

/**
 * The rows `indices`, in that order.
 *
 * @example
 * const first = tableRows(table, [0, 1]);
 */
export function tableRows(table: Table, indices: ArrayLike<number>): Table {
  expectTable("tableRows", table);
  const rows = Array.from(expectIndices("tableRows", indices, table.length, "a row"));
  const pick = ({ name, text, numbers }: Column): Column => ({
    name,
    text: rows.map((row) => text[row]),
    numbers: numbers && Float64Array.from(rows, (row) => numbers[row]),
  });
  return {
    ...table,
    length: rows.length,
    columns: table.columns.map(pick),
    target: table.target && pick(table.target),
  };
}

/**
 * Two disjoint random parts: `fraction` of the rows, and the rest. Where the target is a class, each part has the same share of
 * every class, unless `stratify` is false.
 *
 * @example
 * const [train, validation] = splitTable(table, 0.8, { seed: 1 });
 */
export function splitTable(table: Table, fraction: number, options?: number | SplitOptions): [Table, Table] {
  expectTable("splitTable", table);
  expectNumber("splitTable", "fraction", fraction, 0, 1);
  const { target } = table;
  const { seed, stratify = table.targets === "class" } = readSplitOptions("splitTable", options);
  if (stratify && !target)
    throw new ArgumentError(expectation("splitTable", "stratify", "a table with a target", "none"));
  const count = Math.round(table.length * fraction);
  if (!(count > 0 && count < table.length)) {
    const expected = `two parts that are not empty of ${table.length} rows`;
    throw new DataError(expectation("splitTable", "fraction", expected, fraction));
  }
  const parts = splitOrder(table.length, count, seed, stratify ? target?.text : undefined);
  return [tableRows(table, parts[0]), tableRows(table, parts[1])];
}

export interface FitTableOptions {
  /** Numbers to mean 0, deviation 1 (default), to a normal distribution by quantiles, or as they are. */
  scaling?: "standard" | "quantile" | "none";
  /** Categories that the training rows do not have: all zeros (default), or an error. */
  unknown?: "zero" | "error";
  /** Standardise a target of numbers (default true). `inverse` undoes it. */
  scaleTarget?: boolean;
  /** More distinct values than this in a column of categories or a target of classes is taken for a mistake. Default 100. */
  maxCategories?: number;
}

const schema = () =>
  ({
    scaling: oneOf(["standard", "quantile", "none"], "standard"),
    unknown: oneOf(["zero", "error"], "zero"),
    scaleTarget: flag(true),
    maxCategories: integer({ min: 1, default: 100 }),
  }) satisfies Schema<FitTableOptions>;

/** What `fitTable` learns; plain JSON. */
export interface TableState {
  version: 1;
  unknown: "zero" | "error";
  features: (NumberFeature | CategoryFeature)[];
  target?: { name: string; classes: string[] } | { name: string; mean: number; std: number } | undefined;
}

/**
 * Learns from the training rows how to turn a table into numbers.
 *
 * @example
 * const transform = fitTable(table);
 * const rows = transform.transform(table);
 */
export function fitTable(train: Table, options?: FitTableOptions): TableTransform {
  const where = "fitTable";
  const { scaling, unknown, scaleTarget, maxCategories: limit } = readOptions(where, options, schema);
  expectTable(where, train);
  const features = train.columns.map(({ name, text, numbers }): NumberFeature | CategoryFeature => {
    const missing = text.includes(null);
    if (numbers) {
      const present = numbers.filter((value) => !Number.isNaN(value));
      const { mean, std } = meanAndDeviation(present);
      const moments =
        scaling === "standard" ? { mean, std, fill: 0 } : { mean: 0, std: 1, fill: scaling === "none" ? mean : 0 };
      const quantiles = scaling === "quantile" && present.length > 0 ? fitQuantiles(present) : undefined;
      return { name, kind: "number", ...moments, missing, ...(quantiles && { quantiles }) };
    }
    const values = distinct(text);
    if (values.length > limit) {
      const hint = `Pass { ignore: [${describe(name)}] } to readCsv, or a greater maxCategories`;
      const column = `column ${describe(name)}`;
      throw new DataError(expectation(where, column, `at most ${limit} categories`, values.length, { hint }));
    }
    return { name, kind: "category", values, missing };
  });
  const { target } = train;
  if (!target) return new TableTransform({ version: 1, unknown, features });
  const { name } = target;
  if (train.targets === "class") {
    const classes = distinct(target.text);
    if (classes.length > limit) {
      const hint = 'Pass { targets: "number" } to readCsv, or a greater maxCategories';
      const column = `target ${describe(name)}`;
      throw new DataError(expectation(where, column, `at most ${limit} classes`, classes.length, { hint }));
    }
    return new TableTransform({ version: 1, unknown, features, target: { name, classes } });
  }
  const moments = scaleTarget ? meanAndDeviation(target.numbers ?? new Float64Array(0)) : { mean: 0, std: 1 };
  return new TableTransform({ version: 1, unknown, features, target: { name, ...moments } });
}

/** Mean and population deviation; a constant has deviation 1, so that it becomes 0. */
function meanAndDeviation(values: Float64Array): { mean: number; std: number } {
  if (values.length === 0) return { mean: 0, std: 1 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length);
  if (!Number.isFinite(mean) || !Number.isFinite(std)) {
    throw new DataError(expectation("fitTable", "mean and deviation", "finite values", `${mean}, ${std}`));
  }
  return { mean, std: std > 1e-12 * Math.abs(mean) ? std : 1 };
}

/**
 * Turns tables into datasets as `fitTable` learnt it. `JSON.stringify` keeps it, `TableTransform.fromJSON` restores it.
 *
 * @example
 * const transform = fitTable(table);
 * const again = TableTransform.fromJSON(transform.toJSON());
 * console.log(again.featureNames, again.inputs(table));
 */
export class TableTransform {
  readonly #state: TableState;
  /** One name per input: the column, `column=category`, or `column is missing`. */
  readonly featureNames: readonly string[];
  readonly inputShape: readonly [number];
  /** Names of the classes in the order of their indices; absent where the target is a number. */
  readonly classNames: readonly string[] | undefined;

  constructor(state: TableState) {
    checkState("TableTransform", state);
    this.#state = JSON.parse(JSON.stringify(state));
    this.featureNames = this.#state.features.flatMap((feature) => [
      ...(feature.kind === "number" ? [feature.name] : feature.values.map((value) => `${feature.name}=${value}`)),
      ...(feature.missing ? [`${feature.name} is missing`] : []),
    ]);
    this.inputShape = [this.featureNames.length];
    const { target } = this.#state;
    this.classNames = target && "classes" in target ? target.classes : undefined;
  }

  /** @internal Vue makes no proxy of what has it: private members are not those of a proxy. */
  get __v_skip(): boolean {
    return true;
  }

  static fromJSON(state: unknown): TableTransform {
    checkState("TableTransform.fromJSON", state);
    return new TableTransform(state);
  }

  toJSON(): TableState {
    return JSON.parse(JSON.stringify(this.#state));
  }

  /** A dataset of the table's inputs and targets. */
  transform(table: Table): Dataset {
    const x = this.inputs(table);
    const fitted = this.#state.target;
    const { target } = table;
    if (!fitted || !target || target.name !== fitted.name) {
      const expected = fitted ? describe(fitted.name) : "one when fitting";
      throw new DataError(expectation("transform", "target", expected, target ? describe(target.name) : "none"));
    }
    if ("classes" in fitted) {
      const placeOf = placesOf(fitted.classes);
      const y = target.text.map((name, row) => {
        const label = name === null ? undefined : placeOf(name);
        if (label !== undefined) return label;
        const at = `target ${describe(target.name)}, row ${row}`;
        throw new DataError(expectation("transform", at, `a class of ${describe(fitted.classes)}`, describe(name)));
      });
      const { inputShape } = this;
      return arrayDataset({ x, y, inputShape, classes: fitted.classes.length, classNames: fitted.classes });
    }
    if (!target.numbers) {
      throw new DataError(
        expectation("transform", `target ${describe(target.name)}`, "numbers", describe(target.text[0])),
      );
    }
    const y = Float32Array.from(target.numbers, (value) => (value - fitted.mean) / fitted.std);
    return arrayDataset({ x, y, inputShape: this.inputShape });
  }

  /** The inputs alone, row after row, as `predict` takes them. */
  inputs(table: Table): Float32Array<ArrayBuffer> {
    expectTable("transform", table);
    const columns = new Map(table.columns.toReversed().map((column) => [column.name, column]));
    const width = this.featureNames.length;
    const x = new Float32Array(table.length * width);
    let at = 0;
    for (const feature of this.#state.features) {
      const column = columns.get(feature.name);
      if (!column) {
        const names = table.columns.map(({ name }) => name);
        throw new DataError(expectation("transform", "table", `a column ${describe(feature.name)}`, describe(names)));
      }
      if (feature.kind === "number") writeNumbers(feature, column, x, at, width);
      else writeCategories(feature, column, x, at, width, this.#state.unknown);
      at += (feature.kind === "number" ? 1 : feature.values.length) + (feature.missing ? 1 : 0);
    }
    return x;
  }

  /** Predictions in the target's own unit: undoes its standardisation. */
  inverse(predictions: ArrayLike<number>): Float64Array<ArrayBuffer> {
    const { target } = this.#state;
    if (!target || "classes" in target) {
      throw new ArgumentError(expectation("inverse", "target", "a number", target ? "a class" : "none"));
    }
    const { data } = readNumbers(
      predictions,
      (got, { at = "", hint } = {}) =>
        new ArgumentError(
          expectation("inverse", `predictions${at}`, at ? "a number" : "an array of numbers", got, { hint }),
        ),
    );
    return Float64Array.from({ length: data.length }, (_, i) => data[i] * target.std + target.mean);
  }
}

/** Checks JSON that claims to be a state. */
function checkState(where: string, state: unknown): asserts state is TableState {
  const finite = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
  const strings = (list: unknown): boolean => Array.isArray(list) && list.every((value) => typeof value === "string");
  const moments = (value: { mean?: unknown; std?: unknown }): boolean =>
    finite(value.mean) && finite(value.std) && Number(value.std) > 0;
  const feature = (value: Partial<Omit<NumberFeature, "kind"> & { kind: string; values: unknown }>): boolean =>
    typeof value?.name === "string" &&
    typeof value.missing === "boolean" &&
    (value.kind === "category"
      ? strings(value.values)
      : value.kind === "number" &&
        moments(value) &&
        finite(value.fill) &&
        (value.quantiles === undefined ||
          (Array.isArray(value.quantiles) && value.quantiles.length > 0 && value.quantiles.every(finite))));
  const target = (value: { name?: unknown; classes?: unknown; mean?: unknown; std?: unknown } | undefined): boolean =>
    value === undefined ||
    (typeof value?.name === "string" && (value.classes === undefined ? moments(value) : strings(value.classes)));
  const all = state as Partial<TableState> | null;
  const valid =
    all?.version === 1 &&
    (all.unknown === "zero" || all.unknown === "error") &&
    Array.isArray(all.features) &&
    all.features.every(feature) &&
    target(all.target);
  if (!valid) {
    throw new FormatError(expectation(where, "state", "what toJSON gave, version 1", describe(state)));
  }
}
