import { readCsv, TableTransform } from "resnet-wasm/data";
import { type TrainTableOptions, trainTable } from "resnet-wasm/recipes";
import { type Context, countParameters, setSession } from "./context.js";
import type { Learned, NumberAnswers, Preview } from "./protocol.js";

const PREVIEWED = 6;

/** Columns and first rows, as fields stand in the file. */
export function previewTable(csv: string): Preview {
  const table = readCsv(csv);
  return {
    columns: table.columns.map(({ name }) => name),
    rows: Array.from({ length: Math.min(PREVIEWED, table.length) }, (_, i) => table.columns.map(({ text }) => text[i])),
    length: table.length,
  };
}

/** What the page's choice of a duration is to the recipe: rows dealt once, fewer epochs. The rest it chooses itself. */
export const QUICK = { repeats: 1, epochs: 60 } as const satisfies Partial<TrainTableOptions>;

export async function learnTable(csv: string, target: string, { report, signal }: Context): Promise<Learned> {
  const begun = performance.now();
  const notes: string[] = [];
  const print = (line: string) => {
    notes.push(line);
    report({ line });
  };
  const trained = await trainTable(csv, { target, ...QUICK, signal, print });
  const { model, evaluation, table } = trained;
  const { metrics, linear, constant } = evaluation;
  const known = {
    ...{ kind: "table" as const, classNames: [...(model.classNames ?? [])], inputShape: [...model.inputShape] },
    ...{ outputShape: [...model.outputShape], parameters: countParameters(model), hasMaps: false },
    columns: columnsOf(table.toJSON()),
  };
  setSession({ model, known });
  const { rmse = 0, mae = 0, r2 = 0, confusionMatrix, mistakes } = metrics;
  const numbers: NumberAnswers = {
    ...{ rmse, mae, r2 },
    ...{ linear: linear.metrics.rmse ?? 0, constant: constant.metrics.rmse ?? 0 },
  };
  const answers = confusionMatrix && {
    ...{ accuracy: evaluation.accuracy ?? 0, linear: linear.accuracy, constant: constant.accuracy },
    ...{ confusion: confusionMatrix, mistakes: mistakes ?? [] },
  };
  return {
    ...{ known, held: evaluation.samples, samples: evaluation.samples, notes },
    seconds: (performance.now() - begun) / 1000,
    ...(answers ? { classes: answers } : { numbers }),
  };
}

export const columnsOf = ({ features }: ReturnType<TableTransform["toJSON"]>): string[] => [
  ...new Set(features.map(({ name }) => name)),
];

/** Inputs of one row, whose fields are as a person writes them. */
export function inputsOfRow(transform: unknown, row: Readonly<Record<string, string>>): Float32Array {
  const table = TableTransform.fromJSON(transform);
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const names = columnsOf(table.toJSON());
  const lines = [names.map(quoted), names.map((name) => quoted(row[name] ?? ""))];
  return table.inputs(readCsv(lines.map((fields) => fields.join(",")).join("\n"), { header: true }));
}
