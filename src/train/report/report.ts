/** Shows how good a model is: a table, and a page. */
import { ArgumentError, describe, expectation } from "../../core/errors.js";
import { as, checked, isRecord, list, optional, readOptions, type Schema, text } from "../../core/options.js";
import { type Dataset, expectDataset } from "../../data/dataset.js";
import { writeGiven } from "../../data/given.js";
import type { FileTarget } from "../../data/places.js";
import type { Mistake } from "../../metrics/mistakes.js";
import type { ReliabilityBin } from "../../metrics/reliability.js";
import type { History } from "../callback.js";
import type { Evaluation } from "../evaluate.js";
import { pageOf } from "./page.js";
import { arePictures, picturesOf } from "./pictures.js";
import { classRows, isMatrix, textOf } from "./table.js";

export interface ReportOptions {
  /** Default "Evaluation". */
  title?: string;
  /** The dataset that was evaluated: shows mistakes as pictures and gives classes their names. */
  data?: Dataset;
  /** What `fit` gave: shows its curves. */
  history?: Pick<History, "epochs">;
  /** What the classes are called. Default: the names of `data`. */
  classNames?: readonly string[];
  /**
   * Where the page goes: a path or file: URL (Node, Deno, Bun), or a store, in which it is called report.html. Default "report.html"
   * where there are files; null for nowhere.
   */
  target?: FileTarget | null;
  /** Lines that stand at the end of the page, such as what was printed on the way. Default: none. */
  notes?: string;
  /** Gets the table. Default `console.log`. */
  print?: (table: string) => void;
}

/** What was shown. */
export interface Report {
  /** The table. */
  text: string;
  /** The page, in one file. */
  html: string;
}

const where = "report";

const schema = () =>
  ({
    title: optional(text, "Evaluation"),
    data: as<Dataset | undefined>(),
    history: optional(
      checked(
        "what fit gave",
        (value): value is Pick<History, "epochs"> =>
          isRecord(value) && Array.isArray(value.epochs) && value.epochs.every(isRecord),
      ),
    ),
    classNames: optional(list(text)),
    target: as<ReportOptions["target"]>(),
    notes: optional(text, ""),
    print: optional(
      checked("a function", (value): value is (table: string) => void => typeof value === "function"),
      (table) => console.log(table),
    ),
  }) satisfies Schema<ReportOptions>;

const isBins = (value: unknown): value is ReliabilityBin[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((bin) => isRecord(bin) && "confidence" in bin && "count" in bin);

const areMistakes = (value: unknown): value is Mistake[] =>
  Array.isArray(value) && value.every((each) => isRecord(each) && "expected" in each && "predicted" in each);

/**
 * Prints an evaluation as a table, and writes it as one page: its numbers, the curves of a `history`, and what its metrics hold: a
 * confusion matrix, values of classes, a reliability diagram, and the worst mistakes, as pictures where `data` has some. The page has
 * no scripts, loads nothing, and allows itself nothing else.
 *
 * ```ts
 * const evaluation = await trainer.evaluate(data, { metrics: [f1(), confusionMatrix(), reliability(), mistakes()] });
 * await report(evaluation, { data, history, target: "report.html" });
 * ```
 *
 * @example
 * const evaluation = await trainer.evaluate(held, { metrics: [confusionMatrix()] });
 * const { html } = await report(evaluation, { data: held, target: "report.html" });
 */
export async function report(evaluation: Evaluation, options?: ReportOptions): Promise<Report> {
  const { title, data, history, classNames, target, notes, print } = readOptions(where, options, schema);
  if (!isRecord(evaluation) || typeof evaluation.loss !== "number")
    throw new ArgumentError(expectation(where, "evaluation", "what trainer.evaluate gave", describe(evaluation)));
  if (data !== undefined) expectDataset(where, data);
  const results = Object.values(evaluation.metrics ?? {});
  const matrix = results.find(isMatrix);
  const mistakes = results.find((value) => areMistakes(value) && value.length > 0) as Mistake[] | undefined;
  const names = classNames ?? data?.classNames;
  const nameOf = (index: number) => names?.[index] ?? String(index);
  const classes = matrix ? classRows(matrix, nameOf) : [];
  const pictures =
    data && mistakes && arePictures(data)
      ? picturesOf(
          data,
          mistakes.map(({ sample }) => sample),
        )
      : [];
  const table = textOf(evaluation, classes);
  const html = await pageOf({
    title,
    evaluation,
    nameOf,
    matrix,
    classes,
    bins: results.find(isBins),
    mistakes: mistakes ?? [],
    pictures: await pictures,
    epochs: history?.epochs ?? [],
    notes,
  });
  print(table);
  await keep(html, target);
  return { text: table, html };
}

async function keep(html: string, target: FileTarget | null | undefined): Promise<void> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  const hasFiles = process?.versions?.node !== undefined; // Deno and Bun have it, too
  if (target === null || (target === undefined && !hasFiles)) return;
  await writeGiven(where, target ?? "report.html", "report.html", new TextEncoder().encode(html));
}
