/** Runs the matrix: each platform in a project of its own, each mode of it, held against the package without any tool. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { fileSystem } from "../../src/hosts/node/file-system.js";
import { lockFolder } from "../../src/stores/file-lock.js";
import { closeBrowser } from "./page.js";
import type { Found, Outcome, Platform, Row } from "./platform.js";
import { lastLine, run } from "./process.js";
import { makeProject, type Project, pack } from "./project.js";

export interface RunOptions {
  /** Where projects are made, and kept for the next run. Default: a temporary folder, which is removed. */
  folder?: string | undefined;
}

/** README's page trains so. */
const LOSSES = [2.139, 1.182, 0.763];

export async function runMatrix(platforms: readonly Platform[], { folder }: RunOptions): Promise<Row[]> {
  const home = folder ?? mkdtempSync(join(tmpdir(), "resnet-wasm-platforms-"));
  mkdirSync(home, { recursive: true });
  const lock = await lockFolder("platforms", fileSystem, home);
  const rows: Row[] = [];
  try {
    const tarball = await pack(home);
    const expected = await withoutTools(home, tarball);
    for (const platform of platforms) rows.push(...(await examine(platform, home, tarball, expected)));
  } finally {
    await closeBrowser();
    await lock.release();
    if (folder === undefined) rmSync(home, { recursive: true, force: true });
  }
  return rows;
}

/** The package in Node, as it is installed. */
async function withoutTools(home: string, tarball: string): Promise<Outcome> {
  const project = await makeProject(join(home, "expected"), tarball, { name: "expected", title: "Node", modes: {} });
  const outcome = await inNode(project);
  const { here, ahead } = outcome.server!;
  if (here === undefined || here !== ahead)
    throw new Error(`prefetch expected the batches of its dataset, got ${JSON.stringify(outcome.server)}`);
  for (const entry of [outcome.main, outcome.worker!])
    if (!isDeepStrictEqual(entry.losses, LOSSES))
      throw new Error(`the package itself expected losses ${LOSSES}, got ${JSON.stringify(entry)}`);
  return outcome;
}

export async function inNode(project: Project, ...flags: string[]): Promise<Outcome> {
  project.write({
    "process.js": `import { serverOutcome } from "./program/server.js"; console.log(JSON.stringify(await serverOutcome()));\n`,
  });
  return lastLine(await run(process.execPath, [...flags, "process.js"], { cwd: project.folder }));
}

async function examine(platform: Platform, home: string, tarball: string, expected: Outcome): Promise<Row[]> {
  const { name, title, modes } = platform;
  const row = { platform: name, title, version: "", main: "", worker: "", failures: [], seconds: 0 };
  const lines = (failure: string) => Object.keys(modes).map((mode) => ({ ...row, mode, failures: [failure] }));
  const absent = platform.absent?.();
  if (absent) return Object.keys(modes).map((mode) => ({ ...row, mode, main: `not run: ${absent}` }));
  const missing = platform.missing?.();
  if (missing) return lines(`missing: ${missing}`);
  let project: Project;
  let version: string;
  try {
    project = await makeProject(join(home, name), tarball, platform);
    version = await versionOf(platform, project);
  } catch (error) {
    return lines(`not installed: ${(error as Error).message}`);
  }
  const rows: Row[] = [];
  for (const [mode, use] of Object.entries(modes)) {
    const begin = Date.now();
    const judged = await judge(platform, () => use(project), expected);
    const seconds = Math.round((Date.now() - begin) / 100) / 10;
    rows.push({ ...row, version, mode, ...judged, seconds });
    const { main, worker, failures } = judged;
    console.error(`${title} ${version}, ${mode}: ${main}; ${worker} (${seconds} s)`);
    for (const failure of failures) console.error(`  FAILED ${failure.replaceAll("\n", "\n    ")}`);
  }
  return rows;
}

async function versionOf({ packages, version }: Platform, project: Project): Promise<string> {
  if (version) return version(project);
  const [first] = packages ?? [];
  const name = first && /^(.[^@]*)/.exec(first)![1];
  return name ? JSON.parse(readFileSync(project.path("node_modules", name, "package.json"), "utf8")).version : "";
}

const SAME = "same bits";

async function judge(
  platform: Platform,
  use: () => Promise<Outcome>,
  expected: Outcome,
): Promise<Pick<Row, "main" | "worker" | "failures">> {
  let outcome: Outcome;
  try {
    outcome = await use();
  } catch (error) {
    return { main: "failed", worker: "failed", failures: [(error as Error).message] };
  }
  const worker = platform.mainAlone
    ? { told: platform.mainAlone, failures: [] }
    : platform.noWorkers
      ? refused(outcome.worker, platform.noWorkers)
      : compare("worker entry", outcome.worker, expected.worker!);
  const losses = outcome.guide?.map((loss) => Number(loss.toFixed(3)));
  const guide =
    losses && !isDeepStrictEqual(losses, LOSSES) ? [`the recipe expected losses ${LOSSES}, got ${losses}`] : [];
  const server = outcome.server && compare("files and threads", outcome.server, expected.server!);
  const main = compare("main entry", outcome.main, expected.main);
  return {
    main: server && main.told === SAME ? server.told : main.told,
    worker: worker.told,
    failures: [...main.failures, ...(server?.failures ?? []), ...worker.failures, ...guide],
  };
}

function compare(entry: string, found: Found | undefined, expected: Found): { told: string; failures: string[] } {
  if (isDeepStrictEqual(found, expected)) return { told: SAME, failures: [] };
  if (found?.error)
    return { told: `${found.error}`, failures: [`${entry}: ${found.error}: ${found.message}\n${found.stack}`] };
  return { told: "differs", failures: [`${entry} expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`] };
}

/** A typed error is what such a place shall give. */
function refused(found: Found | undefined, reason: string): { told: string; failures: string[] } {
  const failures =
    found?.error === "RuntimeSupportError"
      ? []
      : [`worker entry expected a RuntimeSupportError, got ${JSON.stringify(found)}`];
  return { told: `RuntimeSupportError: ${reason}`, failures };
}
