/**
 * Measures this tree against another commit of it, both built, in turns in one run:
 *
 *   npm run bench -- --against <commit> [--only resnet18,fc] [--rounds 15] [--clock processor] [--threads 2] [--relaxed]
 *
 * The old build sits in two processes: what it gives against itself is the noise that a difference has to exceed. Ratios are
 * taken within a round; above 1 this tree is slower. The matrix product alone has no API that two versions would share, so
 * the workloads are networks, single convolutions and the start.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measureGroup } from "./measure.js";
import { entryFile } from "./ours/library.js";
import { writeModelFile } from "./ours/model-file.js";
import { spread, table } from "./report.js";
import { FreshSeat, NodeSeat } from "./seats.js";
import { groups } from "./tasks.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: {
    against: { type: "string" },
    only: { type: "string" },
    rounds: { type: "string", default: "15" },
    clock: { type: "string", default: "wall" },
    threads: { type: "string", default: "1" },
    relaxed: { type: "boolean", default: false },
  },
});

/** A commit's tree, installed and built, in build/against/; what is there already is used again. */
function buildOf(commit) {
  const git = (...args) => execFileSync("git", args, { cwd: root, maxBuffer: 2 ** 30 });
  const hash = git("rev-parse", "--verify", `${commit}^{commit}`).toString().trim();
  const tree = join(root, "build/against", hash);
  const mark = join(tree, "build/whole");
  if (existsSync(mark)) return { hash, tree };
  mkdirSync(tree, { recursive: true });
  execFileSync("tar", ["-x", "-C", tree], { input: git("archive", hash) });
  const lock = (folder) => readFileSync(join(folder, "package-lock.json"), "utf8");
  const npm = (...args) =>
    execFileSync("npm", [...args, "--silent"], { cwd: tree, stdio: ["ignore", "ignore", "inherit"] });
  console.error(`building ${hash.slice(0, 10)} in build/against`);
  if (lock(tree) !== lock(root)) npm("ci", "--no-audit", "--no-fund");
  else if (!existsSync(join(tree, "node_modules"))) symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  npm("run", "build");
  mkdirSync(mark);
  return { hash, tree };
}

const names = options.only?.split(",") ?? Object.keys(groups).filter((name) => !["gemm", "threads"].includes(name));
for (const name of names)
  if (!groups[name] || name === "gemm" || groups[name].ours)
    throw new Error(`--only expected names of networks and convolutions (bench/tasks.js), got ${name}`);

const { hash, tree } = buildOf(options.against);
await writeModelFile(tree); // files of the old build load in the new one

const node = { path: process.execPath };
const how = { threads: Number(options.threads), relaxedSimd: options.relaxed };
const OLD = hash.slice(0, 10);
const AGAIN = `${OLD} again`;
const builds = [
  [OLD, tree],
  ["this tree", root],
  [AGAIN, tree],
];
const entries = Object.fromEntries(
  await Promise.all([tree, root].map(async (each) => [each, await entryFile(".", each)])),
);
const placesOf = (name) =>
  builds.map(([build, packageRoot]) => {
    const contender = (more) => ({ folder: "ours", options: { ...how, ...more } });
    const open = () =>
      name === "startup"
        ? new FreshSeat(contender({ entry: entries[packageRoot] }), node)
        : new NodeSeat(contender({ packageRoot }), node);
    return { name: build, where: "", open };
  });

console.log(
  `this tree / ${OLD}, Node ${process.versions.node}, ${how.threads} thread(s), ${options.relaxed ? "relaxed " : ""}SIMD, ${options.clock} clock`,
);
const rows = [];
const counts = { within: 0, faster: 0, slower: 0, failed: 0 };
for (const name of names) {
  const tasks = groups[name].tasks.map((task) => ({ ...task, clock: options.clock }));
  const run = { rounds: Number(options.rounds), log: () => {} };
  for (const result of await measureGroup({ limit: 120, ...groups[name], tasks }, placesOf(name), run)) {
    const { title: group } = groups[name];
    const title = group.includes(result.task.name) ? group : `${group}, ${result.task.name}`;
    const [fresh, again] = ["this tree", AGAIN].map((build) => result.rows.find((row) => row.name === build));
    const error = fresh.error ?? again.error;
    if (error) {
      counts.failed++;
      rows.push([title, "-", "-", "", error]);
    } else {
      // The old build against itself, in either direction.
      const [low, high] = again.ratioQuartiles;
      const noise = Math.max(high, 1 / low, again.ratio, 1 / again.ratio);
      const verdict = fresh.ratio > noise ? "slower" : fresh.ratio < 1 / noise ? "faster" : "within";
      counts[verdict]++;
      const ratio = (row) => spread(row.ratio, row.ratioQuartiles);
      rows.push([title, ratio(fresh), ratio(again), `${fresh.ms.toFixed(2)} ms`, verdict]);
    }
    console.error(`${title}: ${rows.at(-1).slice(1).join("  ")}`);
  }
}
console.log(table(["workload", "new / old", "old / old", "new", ""], rows));
const { within, faster, slower, failed } = counts;
console.log(
  `${rows.length} workloads: ${within} within what ${OLD} gives against itself, ${faster} faster, ${slower} slower, ${failed} failed`,
);
process.exitCode = failed > 0 ? 1 : 0;
