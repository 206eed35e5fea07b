/** How good the networks of a table are, by rows that they have not seen. */
import { argmax, exp, log } from "../core/math.js";
import type { ColumnUse } from "./columns.js";
import { confusionTable, page } from "./page.js";
import type { Unit } from "./table-input.js";

/** Figures of predictions: of classes `accuracy`, of numbers `rmse`, `mae` and `r2`, in the target's own unit. */
export interface TableFigures {
  /** Cross-entropy, or the mean squared error in standard deviations of the target. */
  loss: number;
  accuracy?: number;
  rmse?: number;
  mae?: number;
  r2?: number;
}

/** What `trainTable` found of rows that the networks had not seen. */
export interface TableEvaluation extends TableFigures {
  samples: number;
  /** A linear model of the same folds. */
  linear: TableFigures;
  /** The most frequent class, or the mean, whatever the row. */
  constant: TableFigures;
  /** Rows of each class by what was predicted: `confusion[expected][predicted]`. */
  confusion?: number[][];
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

export function judge(deep: Float64Array, linear: Float64Array, facts: Facts): TableEvaluation {
  const { y, classNames } = facts;
  const figures = classNames ? (outputs: Float64Array) => ofClasses(outputs, y, classNames.length) : ofNumbers(facts);
  return {
    ...figures(deep),
    samples: y.length,
    linear: figures(linear),
    constant: figures(classNames ? shares(y, classNames.length) : new Float64Array(y.length)),
    ...(classNames && { confusion: confusionOf(deep, y, classNames.length) }),
  };
}

/** The logarithms of the classes' shares, for each row. */
function shares(y: ArrayLike<number>, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (let i = 0; i < y.length; i++) counts[y[i]]++;
  return Float64Array.from({ length: y.length * classes }, (_, i) => log(counts[i % classes] / y.length));
}

function ofClasses(outputs: Float64Array, y: ArrayLike<number>, classes: number): TableFigures {
  let [loss, hits] = [0, 0];
  for (let row = 0; row < y.length; row++) {
    const at = row * classes;
    const best = argmax(outputs, at, classes);
    if (best === y[row]) hits++;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += exp(outputs[at + c] - outputs[at + best]);
    loss += log(sum) - (outputs[at + y[row]] - outputs[at + best]);
  }
  return { loss: loss / y.length, accuracy: hits / y.length };
}

const ofNumbers =
  ({ y, unit: { std } }: Facts) =>
  (outputs: Float64Array): TableFigures => {
    let [squared, absolute, spread] = [0, 0, 0];
    for (let row = 0; row < y.length; row++) {
      const error = outputs[row] - y[row];
      squared += error * error;
      absolute += Math.abs(error);
      spread += y[row] * y[row]; // standardised: the mean is 0
    }
    const loss = squared / y.length;
    return { loss, rmse: std * Math.sqrt(loss), mae: (std * absolute) / y.length, r2: 1 - squared / (spread || 1) };
  };

function confusionOf(outputs: Float64Array, y: ArrayLike<number>, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let row = 0; row < y.length; row++) matrix[y[row]][argmax(outputs, row * classes, classes)]++;
  return matrix;
}

interface Told {
  title: string;
  columns: readonly ColumnUse[];
  classNames: readonly string[] | undefined;
  /** What was printed before. */
  lines: readonly string[];
}

const MODELS = ["networks", "linear", "constant"] as const;

/** A table of the figures beside those of simpler models, and a page. */
export function tableReport(evaluation: TableEvaluation, { title, columns, classNames, lines }: Told): TableReport {
  const { linear, constant, samples, confusion } = evaluation;
  const names = (["accuracy", "rmse", "mae", "r2", "loss"] as const).filter((name) => evaluation[name] !== undefined);
  const cell = (value: number | undefined, name: string) =>
    name === "accuracy" ? `${(100 * (value ?? 0)).toFixed(1)} %` : Number((value ?? 0).toPrecision(4)).toString();
  const rows = names.map((name) => [
    name,
    ...[evaluation, linear, constant].map((figures) => cell(figures[name], name)),
  ]);
  const caption = `${samples} rows, each by networks that have not seen it`;
  const line = ([first, ...rest]: readonly string[]) =>
    first.padEnd(10) + rest.map((text) => text.padStart(12)).join("");
  const text = [caption, line(["", ...MODELS]), ...rows.map(line)].join("\n");
  const matrix = confusion && classNames && confusionTable(confusion, classNames);
  const tables = [
    { caption, head: ["", ...MODELS], rows },
    ...(matrix ? [matrix] : []),
    {
      caption: "Columns",
      head: ["column", "use", ""],
      rows: columns.map(({ name, use, about }) => [name, use, use === "left out" ? `it ${about}` : about]),
    },
  ];
  return { text, html: page(title, tables, [], [...lines, text].join("\n")), columns };
}
