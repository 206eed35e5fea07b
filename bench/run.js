/**
 * Measures resnet-wasm against other libraries, all in turns on the same data.
 *
 *   npm run bench -- [--only gemm,resnet18] [--rounds 9] [--node path]... [--browser] [--out file.json]
 *                    [--readme] [--clock processor] [--limit 10] [--contenders "ours|wasm"]
 *
 * Figures are kept in a file outside of the repository (results/*.json), in which groups that are measured one by one are
 * merged; a ratio is always taken within one run. Tables and a chart stand beside the file; --readme writes them into
 * README.md. The processor's clock is for machines that are busy with other things, the limit counts the seconds for a
 * first result. `--only none` just writes.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launchChromium } from "./chromium.js";
import { contenders, starters } from "./contenders.js";
import { measureGroup } from "./measure.js";
import { buildParts } from "./models.js";
import { readReport, writeReadme, writeReport } from "./publish.js";
import { machine, printTask } from "./report.js";
import { FreshSeat, NodeSeat, PythonSeat } from "./seats.js";
import { groups } from "./tasks.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "9" },
    node: { type: "string", multiple: true, default: [] },
    browser: { type: "boolean", default: false },
    limit: { type: "string", default: "10" },
    clock: { type: "string", default: "wall" },
    contenders: { type: "string", default: "." },
    out: { type: "string" },
    readme: { type: "boolean", default: false },
  },
});
// Without the figures of the other groups, those of some must not replace the tables in the repository.
const file = `${options.browser ? "browser" : "node"}.json`;
const isWhole = !options.only || existsSync(here(`results/${file}`));
const out = options.out ?? here(isWhole ? `results/${file}` : `results/tmp/${file}`);

/** The newest first: what others are compared with runs there. */
function findNodes() {
  const [platform, file] = process.platform === "win32" ? ["win", "node.exe"] : [process.platform, "node"];
  const current = here(`node_modules/current-node-${platform}-${process.arch}/bin/${file}`);
  const found = new Map();
  for (const path of [process.execPath, ...options.node, ...(existsSync(current) ? [current] : [])]) {
    const version = execFileSync(path, ["--version"], { encoding: "utf8" }).trim().slice(1);
    const major = Number(version.split(".")[0]);
    if (!found.has(major)) found.set(major, { path, version, major, label: `Node ${major}` });
  }
  return [...found.values()].sort((a, b) => b.major - a.major);
}

const place = options.browser ? "page" : "node";
const isHere = ({ at = place }) => at === place;

/** Each contender on each Node that is to run it. */
const onNodes = (list, nodes, open) =>
  list.filter(isHere).flatMap((contender) => {
    if (contender.folder === "pytorch")
      return [{ ...contender, where: "", open: () => new PythonSeat(contender.options) }];
    return (contender.every ? nodes : nodes.slice(0, 1))
      .filter(({ major }) => major >= (contender.since ?? 0))
      .map((node) => ({ ...contender, where: node.label, open: () => open(contender, node) }));
  });

const onPages = (browser) =>
  contenders.filter(isHere).map((contender) => ({ ...contender, where: "", open: () => browser.open(contender) }));

const names = options.only ? options.only.split(",").filter((name) => name !== "none") : Object.keys(groups);
for (const name of names)
  if (!groups[name]) throw new Error(`--only expected names of ${Object.keys(groups).join(", ")}, got ${name}`);

const chosen = new RegExp(options.contenders);

await buildParts();
const nodes = findNodes();
const browser = options.browser ? await launchChromium() : null;
const engines = browser ? [`Chromium ${browser.version}`] : nodes.map(({ version }) => `Node ${version}`);

/** What LiteRT gave for Keras' networks when they were made, where that is known. */
function expectation({ keras, net }) {
  const file = here("../../shared/data/litert/litert.json");
  if (!keras || !existsSync(file)) return {};
  const known = JSON.parse(readFileSync(file, "utf8"))[net];
  const first = known["output first 5"].map((value, i) => [i, value]);
  return { expected: [...first, [known["index of largest"], known["output largest"]]], expectedBy: "litert.json" };
}

function placesOf(name) {
  if (browser) return onPages(browser);
  if (name === "startup") return onNodes(starters, nodes, (contender, node) => new FreshSeat(contender, node));
  return onNodes(contenders, nodes, (contender, node) => new NodeSeat(contender, node));
}

const report = readReport(out);
report.machine = machine();
console.log(`${report.machine.cpu}, ${engines.join(", ")}; medians of ${options.rounds} rounds [quartiles]`);
for (const name of names) {
  if (!isHere(groups[name])) continue;
  const { title } = groups[name];
  console.error(title);
  const log = (text) => console.error(text);
  const { ours, clock = options.clock } = groups[name];
  const tasks = groups[name].tasks.map((task) => ({ ...task, ...expectation(task), clock }));
  const places = placesOf(name).filter(
    (place) =>
      chosen.test(place.name) &&
      (!ours || place.folder === "ours") &&
      // Threads that wait for each other use the processor too.
      (clock === "wall" || !(place.options.threads > 1)),
  );
  const results = await measureGroup({ limit: Number(options.limit), ...groups[name], tasks }, places, {
    rounds: Number(options.rounds),
    log,
  });
  for (const result of results) printTask(title, result);
  report.groups[name] = { title, date: new Date().toISOString().slice(0, 10), clock, engines, results };
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(report, null, 1)}\n`);
  writeReport(out, report);
}
await browser?.close();
if (options.readme) {
  writeReport(out, report);
  writeReadme(out, report);
}
