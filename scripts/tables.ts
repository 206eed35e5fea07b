// trainTable with its defaults on tables of ../shared/data/tabular, against scikit-learn's gradient boosting on the same test rows:
// node scripts/run.js scripts/tables.ts [table …]. Wants the package in dist/. Exit code 1 where a mean is worse.
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fromRoot } from "./root.js";

const { trainTable } = (await import(
  fromRoot("dist/recipes.node.js")
)) as typeof import("../src/hosts/node/recipes.js");
const { readCsv } = (await import(fromRoot("dist/data.js"))) as typeof import("../src/faces/data.js");

interface Spec {
  file: string;
  header: boolean;
  target: string;
  drop: string[];
  kind: "class" | "value";
  mean: Record<string, number>;
  "test rows": number[][];
}

const folder = fromRoot("../shared/data/tabular");
if (!existsSync(folder)) {
  console.log("skipped: ../shared/data/tabular is absent");
  process.exit(0);
}
const { tables } = JSON.parse(readFileSync(`${folder}/splits.json`, "utf8")) as { tables: Record<string, Spec> };
const { positionals } = parseArgs({ allowPositionals: true });

/** Accuracy, or the root of the mean squared error, on rows that training was not given. */
async function scoreOf(spec: Spec, testRows: readonly number[]): Promise<number> {
  const lines = readFileSync(`${folder}/${spec.file}`, "utf8").trimEnd().split(/\r?\n/);
  const head = spec.header ? lines.splice(0, 1) : [];
  const isTest = new Set(testRows);
  const csv = (test: boolean) => [...head, ...lines.filter((_, row) => isTest.has(row) === test)].join("\n");
  const target = spec.header ? spec.target : Number(spec.target);
  const ignore = spec.drop.map((name) => name.trim());
  const { model, table } = await trainTable(csv(false), { target, ignore, print: null });
  const rows = readCsv(csv(true), { header: spec.header, target });
  const { data } = model.predict({ data: table.inputs(rows), shape: [rows.length, ...table.inputShape] });
  model.dispose();
  const { text = [], numbers = new Float64Array(0) } = rows.target ?? {};
  const { classNames } = table;
  if (!classNames) return Math.sqrt(numbers.reduce((sum, y, row) => sum + (y - data[row]) ** 2, 0) / rows.length);
  const predicted = text.map((_, row) => {
    const scores = data.subarray(row * classNames.length, (row + 1) * classNames.length);
    return classNames[scores.indexOf(Math.max(...scores))];
  });
  return predicted.filter((name, row) => name === text[row]).length / rows.length;
}

let worse = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(tables)) {
  const spec = tables[name];
  const scores: number[] = [];
  const started = performance.now();
  for (const rows of spec["test rows"]) scores.push(await scoreOf(spec, rows));
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const boosting = spec.mean["gradient boosting"];
  const isWorse = spec.kind === "class" ? mean < boosting : mean > boosting;
  if (isWorse) worse++;
  const text = (score: number) => (score < 1 ? score.toFixed(4) : score.toPrecision(5));
  const seconds = ((performance.now() - started) / 1000 / scores.length).toFixed(0);
  const verdict = isWorse ? "WORSE" : "as good or better";
  console.log(
    `${name}: ${spec.kind === "class" ? "accuracy" : "RMSE"} ${text(mean)} (${scores.map(text).join(", ")}), ` +
      `gradient boosting ${text(boosting)}: ${verdict}; ${seconds} s a table`,
  );
}
process.exitCode = worse > 0 ? 1 : 0;
