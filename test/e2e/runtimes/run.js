// Runs the conformance suite and the failure cases in every runtime: `npm run test:runtimes -- [options]`.
//   --only a,b        these runtimes
//   --allow-missing   a runtime that is not there is left out instead of failing the run
//   --write           writes the table of docs/runtimes.md
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium, firefox } from "./browsers.js";
import { edge } from "./edge.js";
import { bun, deno, node20, node22, node24, node24Wide, node26, node26Wide } from "./processes.js";
import { bundleSuite, root } from "./programs.js";
import { makeModules } from "./standalone.js";
import { markdown, text } from "./table.js";
import { webkit } from "./webkit.js";
import { workerd } from "./workerd.js";

const RUNTIMES = [
  node20,
  node22,
  node24,
  node24Wide,
  node26,
  node26Wide,
  deno,
  bun,
  workerd,
  edge,
  chromium,
  firefox,
  webkit,
];

/** Debian packages of the runtimes that npm does not have. */
const PACKAGES = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  webkit: ["webkit2gtk-driver", "xvfb"],
};

const { values } = parseArgs({
  options: { only: { type: "string" }, "allow-missing": { type: "boolean" }, write: { type: "boolean" } },
});
const names = RUNTIMES.map(({ name }) => name);
const only = values.only?.split(",") ?? names;
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`--only expected some of ${names}, got ${unknown}`);
const chosen = RUNTIMES.filter(({ name }) => only.includes(name));

// Interrupted, too, it takes the browsers along that it started.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
install();
await bundleSuite();
await makeModules();
const rows = [];
for (const runtime of chosen) rows.push(await examine(runtime));
console.log(`\n${text(rows)}`);
const failed = rows.filter(({ failures, missing }) => failures.length > 0 || (missing && !values["allow-missing"]));
if (failed.length > 0) {
  console.error(`failed: ${failed.map(({ name }) => name).join(", ")}`);
  process.exitCode = 1;
} else if (values.write) write();

/** Fetches the runtimes that npm has, and, as root on Debian, the browsers. */
function install() {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const [lock, installedLock] = ["package-lock.json", "node_modules/.installed.json"].map((file) => join(here, file));
  const read = (path) => (existsSync(path) ? readFileSync(path, "utf8") : "");
  if (read(installedLock) !== read(lock)) {
    execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here, stdio: "inherit" });
    copyFileSync(lock, installedLock);
  }
  const wanted = chosen.filter(({ installed }) => installed && !installed()).flatMap(({ name }) => PACKAGES[name]);
  if (wanted.length === 0 || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    execFileSync("apt-get", ["update", "-qq"], { env, stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...wanted], { env, stdio: "ignore" });
  } catch (error) {
    console.error(`${wanted.join(", ")} could not be installed: ${error.message}`);
  }
}

async function examine({ name, title, entry, version, conformance, faults, installed }) {
  const row = { name, title, entry, version: "", passed: 0, failures: [], notes: {}, seconds: 0, missing: null };
  try {
    if (installed && !installed()) throw new Error(`the packages ${PACKAGES[name].join(" and ")} are missing`);
    row.version = await version();
  } catch (error) {
    row.missing = error.message;
    console.error(`${name}: not found, ${error.message}`);
    return row;
  }
  const start = Date.now();
  const fail = (what, error) => {
    row.failures.push(what);
    console.error(`${name}: ${what}\n    ${error}`);
  };
  try {
    const { results, notes } = await conformance();
    row.notes = notes;
    for (const { name: what, error } of results)
      if (error === null) row.passed++;
      else fail(what, error);
  } catch (error) {
    fail("the conformance suite", error.stack);
  }
  row.seconds = (Date.now() - start) / 1000;
  for (const [what, run] of Object.entries(faults)) {
    try {
      await run();
      row.passed++;
    } catch (error) {
      fail(what, error.stack);
    }
  }
  const total = (Date.now() - start) / 1000;
  console.log(`${title} ${row.version}: ${row.passed} passed, ${row.failures.length} failed in ${total.toFixed(0)} s`);
  return row;
}

/** Puts the table between the markers in docs/runtimes.md. Only a run in which every runtime passed may do so. */
function write() {
  const present = rows.filter(({ missing }) => !missing).length;
  if (present < RUNTIMES.length) throw new Error(`--write expected all ${RUNTIMES.length} runtimes, got ${present}`);
  const path = join(root, "docs/runtimes.md");
  const [head, , tail] = readFileSync(path, "utf8").split(/(?<=<!-- table -->\n)([\s\S]*?)(?=<!-- \/table -->)/);
  writeFileSync(path, `${head}${markdown(rows)}${tail}`);
}
