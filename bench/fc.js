/**
 * Training step of the fully connected residual net 784-128, 8 blocks of two 128x128 layers, 10 classes; cross-entropy,
 * SGD with momentum. All contenders run in one process (PyTorch in a child), taking turns, on the same weights and data,
 * and must give the same losses.
 *
 *   node fc.js [--rounds 15] [--batch 128] [--only name,name] [--out results/fc.json]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine, quartiles, table } from "./report.js";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    batch: { type: "string", default: "128" },
    only: { type: "string" },
    out: { type: "string", default: "results/fc.json" },
  },
});
const spec = { in: 784, width: 128, blocks: 8, out: 10, batch: Number(options.batch), lr: 0.05, momentum: 0.9 };
const here = fileURLToPath(new URL("..", import.meta.url)); // kept out of results
const ROUND_MS = 150; // a contender's turn; long enough to refill caches after the one before
const WARM_UP_MS = 1000; // V8 compiles in the background, on two cores late

// The reference for ratios stands first.
const contenders = [
  { name: "ours simd", module: "./ours/fc.js", options: { threads: 1, relaxedSimd: false } },
  { name: "ours relaxed", module: "./ours/fc.js", options: { threads: 1, relaxedSimd: true } },
  { name: "ours simd, 2 threads", module: "./ours/fc.js", options: { threads: 2, relaxedSimd: false } },
  { name: "tfjs-wasm", module: "./tfjs/fc.js" },
  { name: "tfjs-wasm, own gradient", module: "./tfjs/fc.js", options: { transposes: true } },
  { name: "pure JS", module: "./pure-js/contender.js" },
  { name: "PyTorch native", module: "./pytorch/fc.js" },
].filter(({ name }) => !options.only || options.only.split(",").includes(name));

/** mulberry32: the same data in every run. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const next = random(1);
const uniform = (n, scale) => Float32Array.from({ length: n }, () => (2 * next() - 1) * scale);
const layers = [
  [spec.in, spec.width],
  ...Array.from({ length: 2 * spec.blocks }, () => [spec.width, spec.width]),
  [spec.width, spec.out],
];
const parameters = layers.flatMap(([k, n]) => [uniform(k * n, 1 / Math.sqrt(k)), uniform(n, 1 / Math.sqrt(k))]);
const x = uniform(spec.batch * spec.in, 1);
const labels = Int32Array.from({ length: spec.batch }, () => Math.floor(next() * spec.out));

/** Times of n steps, in ms, and their losses. */
async function steps(contender, n) {
  if (contender.steps) return contender.steps(n);
  const losses = [];
  const times = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    losses.push(contender.step(x, labels));
    times.push(performance.now() - start);
  }
  return { losses, times };
}

const median = (values) => quartiles(values)[1];

async function prepare({ name, module, options: own }) {
  const row = { name, rounds: [] };
  try {
    const { create } = await import(module);
    row.contender = await create(spec, parameters, { ...own, x, labels });
    row.version = row.contender.version;
    row.firstLosses = (await steps(row.contender, 3)).losses;
    let perStep = 0;
    for (const start = performance.now(); performance.now() - start < WARM_UP_MS; )
      perStep = median((await steps(row.contender, 5)).times);
    row.stepsPerRound = Math.max(2, Math.ceil(ROUND_MS / perStep));
  } catch (error) {
    row.error = String(error?.message ?? error)
      .split("\n")[0]
      .replaceAll(here, "");
  }
  return row;
}

const rows = [];
for (const contender of contenders) rows.push(await prepare(contender));

// Whoever computes something else is not a contender.
const reference = rows.find((row) => row.name === "pure JS" && !row.error) ?? rows.find((row) => !row.error);
for (const row of rows) {
  const off = row.firstLosses?.findIndex((loss, i) => !(Math.abs(loss - reference.firstLosses[i]) < 1e-4)) ?? -1;
  if (off >= 0)
    row.error = `loss of step ${off} is ${row.firstLosses[off]}, ${reference.name} has ${reference.firstLosses[off]}`;
}

const running = rows.filter((row) => !row.error);
for (let round = 0; round < Number(options.rounds); round++)
  for (let i = 0; i < running.length; i++) {
    const row = running[(i + round) % running.length]; // nobody always follows the same neighbour
    try {
      const { times } = await steps(row.contender, row.stepsPerRound);
      row.rounds.push(median(times));
      row.best = Math.min(row.best ?? Infinity, ...times);
    } catch (error) {
      row.error = String(error?.message ?? error);
      running.splice(i--, 1);
    }
  }
for (const row of rows) row.contender?.dispose();

const finished = rows.filter((row) => !row.error);
const base = finished[0];
const results = rows.map(({ name, version, error, rounds, best, stepsPerRound }) => {
  if (error) return { name, version, error };
  const [low, middle, high] = quartiles(rounds);
  // Ratios are taken within a round, where both saw the same machine.
  const [ratioLow, ratio, ratioHigh] = quartiles(rounds.map((ms, i) => ms / base.rounds[i]));
  return { name, version, ms: middle, quartiles: [low, high], best, ratio, ratioQuartiles: [ratioLow, ratioHigh], rounds: rounds.length, stepsPerRound }; // biome-ignore format: one record
});

const report = { workload: { name: "fc-residual-training", ...spec }, base: base?.name, ...machine(), results };
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify(report, null, 1)}\n`);

const f = (value, digits) => value.toFixed(digits);
console.log(`Training step, fully connected residual net 784-128x8-10, batch ${spec.batch}`);
console.log(`${report.cpu}, Node ${report.node}, ${report.date}; medians of ${options.rounds} rounds [quartiles]\n`);
console.log(
  table(
    ["contender", `times ${base?.name ?? "-"}`, "ms a step", "best", ""],
    results.map((r) =>
      r.error
        ? [r.name, "-", "-", "-", r.error]
        : [
            r.name,
            `${f(r.ratio, 2)} [${r.ratioQuartiles.map((v) => f(v, 2)).join(" ")}]`,
            `${f(r.ms, 2)} [${r.quartiles.map((v) => f(v, 2)).join(" ")}]`,
            f(r.best, 2),
            r.version,
          ],
    ),
  ),
);
if (finished.length === 0) process.exitCode = 1;
