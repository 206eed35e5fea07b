/** Writes a results file's tables and chart beside it, and the README's section on performance. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { chart } from "./charts.js";
import { CLOCKS, fullReport, shortTable } from "./markdown.js";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const [BEGIN, END] = ["<!-- npm run bench -- --readme writes from here -->", "<!-- to here -->"];

export function writeReport(out, report) {
  const stem = out.replace(/\.json$/, "");
  writeFileSync(`${stem}.md`, fullReport(report));
  writeFileSync(`${stem}.svg`, chart(report));
}

const versions = ({ groups }) => {
  const found = Object.values(groups).flatMap(({ results }) => results.flatMap(({ rows }) => rows));
  const known = found.map(({ version }) => version).filter((text) => /\d/.test(text ?? "") && !/thread/.test(text));
  return [...new Set(known)];
};

function section(file, report) {
  const { machine, groups } = report;
  const dates = [...new Set(Object.values(groups).map(({ date }) => date))];
  const clocks = [
    ...new Set(
      Object.keys(groups)
        .filter((name) => name !== "threads")
        .map((name) => groups[name].clock),
    ),
  ];
  const engines = [...new Set(Object.values(groups).flatMap(({ engines }) => engines))];
  return `![How many times our time others take](bench/results/${file}.svg)

${dates.join(", ")}; ${machine.cpu}, ${machine.memoryGiB} GiB;
${engines.join(", ")};
${versions(report).join(", ")}.

One thread each unless said; medians of interleaved rounds, ${clocks.map((clock) => CLOCKS[clock]).join(" or ")}. The columns
after "ours" are multiples of our time: more is slower. "-": cannot do it, took longer than the bench waits, or was not
measured.

${shortTable(report)}

Each contender, two threads, Node ${engines.at(-1).split(" ")[1].split(".")[0]} too, peak memory, spread, and what a library says that cannot do a task: [\`bench/results/${file}.md\`](bench/results/${file}.md).`;
}

export function writeReadme(out, report) {
  const text = readFileSync(README, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md expected "${BEGIN}" and "${END}", got none`);
  const file = basename(out, ".json");
  writeFileSync(README, `${text.slice(0, begin)}${BEGIN}\n\n${section(file, report)}\n\n${text.slice(end)}`);
}

export const readReport = (out) => (existsSync(out) ? JSON.parse(readFileSync(out, "utf8")) : { groups: {} });
