/** Results as markdown: all of them for results/, the main ones for the README. */
import { number, spread } from "./report.js";

const escapeText = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** Cells padded to columns; all but the first to the right. */
function markdownTable(header, rows) {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(3, ...all.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(" | ")} |`; // biome-ignore format: one line
  const rule = `| ${widths.map((w, i) => (i === 0 ? "-".repeat(w) : `${"-".repeat(w - 1)}:`)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

function taskTable({ rows }) {
  const cells = rows.map(({ name, where, error, ...r }) => {
    const who = where ? `${name}, ${where}` : name;
    if (error) return [who, "-", "-", "-", escapeText(error)];
    return [who, spread(r.ratio, r.ratioQuartiles), spread(r.ms, r.quartiles), number(r.best), r.peakMiB ? r.peakMiB.toFixed(0) : ""]; // biome-ignore format: one row
  });
  return markdownTable(["contender", "ratio", "ms", "best ms", "peak MiB, or why not"], cells);
}

export const CLOCKS = { wall: "elapsed time", processor: "processor time" };

/** Every figure of a results file. */
export function fullReport(report) {
  const { machine, groups } = report;
  const parts = [
    "# Measured",
    `${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.platform}. Medians [quartiles] of rounds.`,
    "Our time, and that of the others as multiples of it; one thread each unless said.",
    mainTable(report),
  ];
  const memory = memoryTable(report);
  if (memory) parts.push("Peak memory of the whole process, MiB:", memory);
  for (const { title, date, clock, engines, results } of Object.values(groups)) {
    parts.push(`## ${title}`, `${date}, ${engines.join(", ")}, ${CLOCKS[clock]}`);
    for (const result of results)
      parts.push(`### ${result.task.name}`, `Times of "${result.base.trim()}".`, taskTable(result));
  }
  return `${parts.join("\n\n")}\n`;
}

/** What the README shows: [group, task, label]. */
const MAIN = [
  ["gemm", 0, "matrix product 512x512x512"],
  ["resnet18", 0, "ResNet-18, 224x224, batch 1"],
  ["resnet50", 0, "ResNet-50, 224x224, batch 1"],
  ["mobilenet_v2", 0, "MobileNetV2, 224x224, batch 1"],
  ["mobilenet_v3_small", 0, "MobileNetV3-small, 224x224, batch 1"],
  ["efficientnet_b0", 0, "EfficientNet-b0, 224x224, batch 1"],
  ["convnext_atto", 0, "ConvNeXt-atto, 224x224, batch 1"],
  ["keras", 0, "Keras' MobileNetV2, batch 1"],
  ["keras", 1, "Keras' MobileNetV3-small, batch 1"],
  ["keras", 2, "Keras' EfficientNet-b0, batch 1"],
  ["keras", 3, "Keras' ResNet-50, batch 1"],
  ["resnet20", 1, "CIFAR ResNet-20, batch 128"],
  ["resnet20-train", 0, "CIFAR ResNet-20, training, batch 128"],
  ["resnet20-train-32", 0, "CIFAR ResNet-20, training, batch 32"],
  ["resnet20-train-2", 0, "CIFAR ResNet-20, training, batch 2"],
  ["mobilenet_v2-train", 0, "MobileNetV2, 96x96, training, batch 32"],
  ["fc", 0, "fully connected, batch 1"],
  ["fc-train", 0, "fully connected, training, batch 128"],
  ["startup", 0, "import to first prediction, ResNet-20"],
];
const PEERS = [
  "plain JavaScript",
  "tfjs-cpu",
  "tfjs-wasm",
  "onnxruntime-web",
  "LiteRT.js",
  "jax-js",
  "onnxruntime-node, native",
  "PyTorch, native",
  "PyTorch, native, channels_last",
];
const isNative = (name) => name.includes("native");
const heading = (name) => name.replace(/, native(, )?(.*)/, (_, _comma, how) => ` (native${how ? `, ${how}` : ""})`);

/** Our time with two threads as a multiple of that with one: from the group about it or, where it has no such task, from the result. */
function twoThreads({ threads }, result) {
  const { kind, net, batch } = result.task;
  const same = ({ task }) => task.kind === kind && task.net === net && task.batch === batch;
  const { rows } = threads?.results.find(same) ?? result;
  const base = rows.find(({ error }) => !error);
  const two = rows.find(
    ({ name, where, error }) => !error && name === `${base.name}, 2 threads` && where === base.where,
  );
  return two ? number(two.ratio) : "-";
}

/** Our row of a result, and how many times its time another takes; undefined where that has none. */
function comparison({ rows }) {
  const base = rows.find(({ error }) => !error);
  const ratio = (name) =>
    rows.find((row) => row.name === name && !row.error && (row.where === base.where || row.where === ""))?.ratio;
  return { base, ratio };
}

const shown = (ratio) => (ratio === undefined ? "-" : number(ratio));
const mainResults = (groups) =>
  MAIN.filter(([group]) => groups[group]).map(([group, at, label]) => ({ label, result: groups[group].results[at] }));

/** The table of `MAIN`, with all others that have taken part. */
export function mainTable({ groups }) {
  const results = mainResults(groups);
  const peers = PEERS.filter((name) => results.some(({ result }) => comparison(result).ratio(name) !== undefined));
  const rows = results.map(({ label, result }) => {
    const { base, ratio } = comparison(result);
    return [label, `${number(base.ms)} ms`, twoThreads(groups, result), ...peers.map((name) => shown(ratio(name)))];
  });
  return markdownTable(["", "ours", "2 threads", ...peers.map(heading)], rows);
}

/** The README's, in three columns: ours, the fastest of the others that run where JavaScript does, PyTorch's faster layout. */
export function shortTable({ groups }) {
  const [torch, others] = [PEERS.filter((name) => name.startsWith("PyTorch")), PEERS.filter((name) => !isNative(name))];
  const rows = mainResults(groups).map(({ label, result }) => {
    const { base, ratio } = comparison(result);
    const fastest = (names) => {
      const known = names.map(ratio).filter((value) => value !== undefined);
      return shown(known.length > 0 ? Math.min(...known) : undefined);
    };
    return [label, `${number(base.ms)} ms`, fastest(others), fastest(torch)];
  });
  return markdownTable(["", "ours", "fastest other in JavaScript", "PyTorch (native)"], rows);
}

/** Peak memory of whole processes, MiB, of the networks that have processes of their own; undefined where none is known. */
export function memoryTable({ groups }) {
  const names = ["ours, relaxed SIMD", ...PEERS];
  const alone = MAIN.filter(([group]) => groups[group] && /^(resnet|mobilenet|efficientnet|convnext)/.test(group));
  const found = alone.map(([group, at, label]) => {
    const { rows } = groups[group].results[at];
    const { where } = rows.find(({ error }) => !error);
    const peak = (name) => rows.find((row) => row.name === name && (row.where === where || row.where === ""))?.peakMiB;
    return { label, peaks: names.map((name) => peak(name) ?? undefined) };
  });
  const known = names.map((_, i) => i).filter((i) => found.some(({ peaks }) => peaks[i] !== undefined));
  if (known.length === 0) return undefined;
  const rows = found.map(({ label, peaks }) => [label, ...known.map((i) => peaks[i]?.toFixed(0) ?? "-")]);
  return markdownTable(["", ...known.map((i) => (i === 0 ? "ours" : heading(names[i])))], rows);
}
