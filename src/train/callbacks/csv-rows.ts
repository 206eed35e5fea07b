/** Rows of comma-separated values under one header. Loaded on demand. */
import { ArgumentError, expectation } from "../../core/errors.js";
import { isRecord } from "../../core/options.js";
import type { GrowingFile } from "../../stores/growing.js";

type Values = Readonly<Record<string, unknown>>;

/** A header is not longer. */
const LONGEST = 2 ** 16;

/** RFC 4180. */
const quoted = (field: string): string => (/[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);

/** The numbers of a record, by their paths; the metrics of an evaluation stand beside its loss. */
function numbersOf(values: Values, prefix = ""): [name: string, value: number][] {
  return Object.entries(values).flatMap(([key, value]): [string, number][] => {
    if (typeof value === "number") return [[prefix + key, value]];
    return isRecord(value) ? numbersOf(value, key === "metrics" ? prefix : `${prefix}${key}.`) : [];
  });
}

/** Makes rows for a file; the first brings the header along where there is none. */
export async function csvRows(where: string, file: GrowingFile): Promise<(values: Values) => string> {
  const [, line] = /^([^\n]*)\n/.exec(await file.head(LONGEST)) ?? [];
  let header = line;
  return (values) => {
    const numbers = numbersOf(values);
    const columns = numbers.map(([name]) => quoted(name)).join(",");
    const begin = header === undefined ? `${columns}\n` : "";
    header ??= columns;
    if (columns !== header) {
      const hint = "Another kind of run needs a file of its own";
      throw new ArgumentError(expectation(where, "columns", header, columns, { hint }));
    }
    return `${begin}${numbers.map(([, value]) => value).join(",")}\n`;
  };
}
