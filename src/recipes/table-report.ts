/** How good the networks of a table are, by rows that they have not seen. */
import { argmax, exp, log } from "../core/math.js";
import { accuracy, confusionMatrix, f1 } from "../metrics/counting.js";
import type { Metric } from "../metrics/metric.js";
import { type Mistake, mistakes } from "../metrics/mistakes.js";
import { mae, r2, rmse } from "../metrics/regression.js";
import type { Evaluation } from "../train/evaluate.js";
import { report } from "../train/report/report.js";
import type { ColumnUse } from "./columns.js";
import type { Unit } from "./table-input.js";

/** Of classes; of numbers, in the target's own unit. */
export interface TableMetrics {
  f1?: number;
  confusionMatrix?: number[][];
  /** Rows, counted from 0 among those with a target, of which the networks are most sure, and wrong. */
  mistakes?: Mistake[];
  rmse?: number;
  mae?: number;
  r2?: number;
}

/** Figures of predictions, as `trainer.evaluate` gives them: `loss`, of classes `accuracy`, and `metrics`. */
export interface TableFigures extends Evaluation {
  metrics: TableMetrics & Readonly<Record<string, unknown>>;
}

/** What `trainTable` found of rows that the networks had not seen. */
export interface TableEvaluation extends TableFigures {
  /** A linear model of the same folds. */
  linear: TableFigures;
  /** The most frequent class, or the mean, whatever the row. */
  constant: TableFigures;
}

/** What was chosen, and what was found. */
export interface TableReport {
  /** The figures beside those of simpler models, as they were printed. */
  text: string;
  /** All of it as one page. */
  html: string;
  /** How each column is used. */
  columns: readonly ColumnUse[];
}

interface Facts {
  y: Int32Array | Float32Array;
  classNames: readonly string[] | undefined;
  unit: Unit;
}

/** Outputs of the networks, of a linear model and of none, against the targets: class indices, or standardised numbers. */
export function judge(deep: Float64Array, linear: Float64Array, facts: Facts): TableEvaluation {
  const { y, classNames } = facts;
  const nothing = classNames ? shares(y, classNames.length) : new Float64Array(y.length);
  const [networks, line, constant] = [deep, linear, nothing].map((outputs) => figuresOf(outputs, facts));
  return { ...networks, linear: line, constant };
}

/** The logarithms of the classes' shares, for each row. */
function shares(y: ArrayLike<number>, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (let i = 0; i < y.length; i++) counts[y[i]]++;
  return Float64Array.from({ length: y.length * classes }, (_, i) => log(counts[i % classes] / y.length));
}

function figuresOf(outputs: Float64Array, { y, classNames, unit: { mean, std } }: Facts): TableFigures {
  const samples = y.length;
  const own = (values: ArrayLike<number>) => Float32Array.from(values, (value) => value * std + mean);
  const batch = classNames
    ? { first: 0, samples, outputs: Float32Array.from(outputs), targets: y }
    : { first: 0, samples, outputs: own(outputs), targets: own(y) };
  const measured = <T>(metric: Metric<string, T>): T => {
    const run = metric.start({ task: classNames ? "classes" : "numbers", outputShape: [classNames?.length ?? 1] });
    run.update(batch);
    return run.result();
  };
  if (!classNames) {
    let squared = 0;
    for (let row = 0; row < samples; row++) squared += (outputs[row] - y[row]) * (outputs[row] - y[row]);
    const metrics = { rmse: measured(rmse()), mae: measured(mae()), r2: measured(r2()) };
    return { loss: squared / samples, samples, metrics };
  }
  return {
    loss: crossEntropyOf(outputs, y, classNames.length),
    accuracy: measured(accuracy()),
    samples,
    metrics: {
      f1: measured(f1()),
      confusionMatrix: measured(confusionMatrix()),
      mistakes: measured(mistakes()),
    },
  };
}

/** The mean of -log softmax(outputs) at the class. */
function crossEntropyOf(outputs: Float64Array, y: ArrayLike<number>, classes: number): number {
  let loss = 0;
  for (let row = 0; row < y.length; row++) {
    const at = row * classes;
    const top = outputs[at + argmax(outputs, at, classes)];
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += exp(outputs[at + c] - top);
    loss += log(sum) - (outputs[at + y[row]] - top);
  }
  return loss / y.length;
}

interface Told {
  title: string;
  columns: readonly ColumnUse[];
  classNames: readonly string[] | undefined;
  /** What was printed before. */
  lines: readonly string[];
}

/** A table of the figures beside those of simpler models, and a page. */
export async function tableReport(
  evaluation: TableEvaluation,
  { title, columns, classNames, lines }: Told,
): Promise<TableReport> {
  const { linear, constant, samples } = evaluation;
  const of = ({ accuracy: share, loss, metrics }: TableFigures) => {
    const { rmse: root, mae: absolute, r2: explained, f1: score } = metrics;
    return Object.entries({ accuracy: share, f1: score, rmse: root, mae: absolute, r2: explained, loss });
  };
  const cell = (name: string, value = 0) =>
    name === "accuracy" ? `${(100 * value).toFixed(1)} %` : Number(value.toPrecision(4)).toString();
  const all = [evaluation, linear, constant].map(of);
  const rows = all[0].flatMap(([name, value], i) =>
    value === undefined ? [] : [[name, ...all.map((figures) => cell(name, figures[i][1]))]],
  );
  const line = ([first, ...rest]: readonly string[]) =>
    first.padEnd(10) + rest.map((text) => text.padStart(12)).join("");
  const caption = `${samples} rows, each by networks that have not seen it`;
  const text = [caption, line(["", "networks", "linear", "constant"]), ...rows.map(line)].join("\n");
  const { html } = await report(evaluation, {
    ...{ title, notes: [...lines, text].join("\n"), target: null, print: () => {} },
    ...(classNames && { classNames }),
  });
  return { text, html, columns };
}
