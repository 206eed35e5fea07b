/** The table that `trainTable` is given: what its columns are for, and the numbers that they become. */
import { ArgumentError, DataError, describe, expectation } from "../core/errors.js";
import { placesOf } from "../data/categories.js";
import { hasHeader, readCsvColumns } from "../data/csv.js";
import { type Column, fitTable, makeTable, type Table, TableTransform, tableRows } from "../data/table.js";
import { type ColumnUse, frequentCategories, guessTargets, useColumns } from "./columns.js";
import type { TableSettings } from "./table-options.js";

const where = "trainTable";

/** A table with its target, and how each of its columns is used. */
export interface Understood {
  table: Table;
  target: Column;
  targets: "class" | "number";
  columns: ColumnUse[];
  lines: string[];
}

/** Reads the table, and tells what its columns are for. */
export function understand(csv: string | Table, settings: TableSettings): Understood {
  const { keep, fileName } = settings;
  const { inputs, target: given, header } = readGiven(csv, settings);
  const present = given.text.flatMap((field, row) => (field === null ? [] : [row]));
  if (present.length === 0) throw new DataError(expectation(where, `target ${describe(given.name)}`, "values", "none"));
  const all = tableRows({ length: given.text.length, columns: inputs, target: given }, present);
  const target = all.target as Column;
  const targets = settings.targets ?? guessTargets(target);
  const strange = keep.find((name) => !inputs.some((column) => column.name === name));
  if (strange !== undefined) {
    const names = describe(inputs.map(({ name }) => name));
    throw new ArgumentError(expectation(where, "keep", `columns of ${names}`, describe(strange)));
  }
  const columns = useColumns(all.columns, target, targets, keep);
  const used = all.columns.filter((_, i) => columns[i].use !== "left out");
  if (used.length === 0) {
    const reasons = columns.map(({ name, about }) => `${name} ${about}`).join("; ");
    throw new DataError(expectation(where, "table", "a column that says something of the target", reasons));
  }
  const dropped = given.text.length - present.length;
  const lines = [
    `${fileName ?? "table"}: ${all.length} rows, ${columns.length} columns beside the target${header}`,
    ...(dropped > 0 ? [`${dropped} rows without a target are left out`] : []),
    ...targetLines(target, targets),
    ...columns.map(
      ({ name, use, about }) => `  ${name}: ${use === "left out" ? `left out, as it ${about}` : `${use}, ${about}`}`,
    ),
  ];
  return { table: makeTable(used, target, targets, { where, path: fileName }), target, targets, columns, lines };
}

/** The columns of a csv text, or of a table; the target apart. */
function readGiven(
  csv: string | Table,
  settings: TableSettings,
): { inputs: readonly Column[]; target: Column; header: string } {
  const { target: name, targets, keep: _, ...rest } = settings;
  const { ignore, categorical, missing, delimiter, decimal, fileName } = rest;
  if (typeof csv === "string") {
    const header = settings.header ?? hasHeader(csv, delimiter);
    const read = readCsvColumns(csv, {
      ...{ header, target: name },
      ...(targets && { targets }),
      ...(ignore && { ignore }),
      ...(categorical && { categorical }),
      ...(missing && { missing }),
      ...(delimiter && { delimiter }),
      ...(decimal && { decimal }),
      ...(fileName && { fileName }),
    });
    const told = header ? "the first row has names" : 'the first row has no names: columns are "0", "1", …';
    return { inputs: read.inputs, target: read.target as Column, header: `; ${told}` };
  }
  const { columns, target }: Partial<Table> = Object(csv);
  if (!Array.isArray(columns)) {
    throw new ArgumentError(expectation(where, "csv", "csv text, or a table of readCsv", describe(csv)));
  }
  const all: readonly Column[] = target ? [...columns, target] : columns;
  const found = typeof name === "number" ? all.at(name) : all.find((column) => column.name === name);
  const names = describe(all.map((column) => column.name));
  if (!found) throw new ArgumentError(expectation(where, "target", `a column of ${names}`, describe(name)));
  const left = new Set(ignore ?? []);
  const words = new Set(categorical ?? []);
  const inputs = all
    .filter((column) => column !== found && !left.has(column.name))
    .map((column) => (words.has(column.name) ? { ...column, numbers: undefined } : column));
  return { inputs, target: found, header: "" };
}

function targetLines(target: Column, targets: "class" | "number"): string[] {
  if (targets === "number") {
    const values = Array.from(target.numbers ?? []).sort((a, b) => a - b);
    const at = (share: number) => Number(values[Math.round(share * (values.length - 1))].toPrecision(6));
    return [`target ${target.name}: numbers from ${at(0)} to ${at(1)}, half of them below ${at(0.5)}`];
  }
  const counts = new Map<string, number>();
  for (const field of target.text) if (field !== null) counts.set(field, (counts.get(field) ?? 0) + 1);
  const shares = [...counts].sort((a, b) => b[1] - a[1]);
  const named = shares.slice(0, 8).map(([name, n]) => `${name} ${((100 * n) / target.text.length).toFixed(1)} %`);
  return [`target ${target.name}: ${counts.size} classes, ${named.join(", ")}${shares.length > 8 ? ", …" : ""}`];
}

/** What a target of numbers was standardised by. */
export interface Unit {
  mean: number;
  std: number;
}

/** Categories that are rare count as none; a target of numbers keeps its unit, which the network's last layer gives. */
export function fitInputs(table: Table): { transform: TableTransform; unit: Unit } {
  const state = fitTable(table, { maxCategories: Math.max(100, table.length) }).toJSON();
  const columns = new Map(table.columns.map((column) => [column.name, column]));
  const features = state.features.map((feature) =>
    feature.kind === "category"
      ? { ...feature, values: frequentCategories(columns.get(feature.name)?.text ?? []) }
      : feature,
  );
  const { target } = state;
  if (!target || "classes" in target)
    return { transform: new TableTransform({ ...state, features }), unit: { mean: 0, std: 1 } };
  const { name, ...unit } = target;
  return { transform: new TableTransform({ ...state, features, target: { name, mean: 0, std: 1 } }), unit };
}

/** Places of inputs that are numbers of columns. */
export function numberInputs(transform: TableTransform): number[] {
  let at = 0;
  return transform.toJSON().features.flatMap((feature) => {
    const first = at;
    at += (feature.kind === "number" ? 1 : feature.values.length) + Number(feature.missing);
    return feature.kind === "number" ? [first] : [];
  });
}

/** Class indices, or standardised numbers. */
export function targetNumbers({ classNames }: TableTransform, { text, numbers }: Column, { mean, std }: Unit) {
  if (!classNames) return Float32Array.from(numbers ?? [], (value) => (value - mean) / std);
  const placeOf = placesOf(classNames);
  return Int32Array.from(text, (field) => placeOf(field ?? "") ?? 0);
}
