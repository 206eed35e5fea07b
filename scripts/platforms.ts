/**
 * The package in every tool: `npm run test:platforms -- [options]`
 *   --only a,b      these platforms
 *   --ci            those that CI runs
 *   --folder path   keep the projects there, for the next run
 *   --json file     the rows as JSON; rows of other platforms, of runs before, stay in it
 *   --write         write the table of docs/runtimes.md, of this run and of what --json has
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Row } from "../test/platforms/platform.js";
import { PLATFORMS } from "../test/platforms/platforms.js";
import { runMatrix } from "../test/platforms/run.js";
import { markdown } from "../test/platforms/table.js";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    ci: { type: "boolean" },
    folder: { type: "string" },
    json: { type: "string" },
    write: { type: "boolean" },
  },
});
const names = PLATFORMS.map(({ name }) => name);
const only = values.only?.split(",") ?? names;
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`--only expected some of ${names}, got ${unknown}`);
const chosen = PLATFORMS.filter(({ name, ci }) => only.includes(name) && (ci || !values.ci));

const begin = Date.now();
const rows = await runMatrix(chosen, { folder: values.folder });
const all = inOrder([...rows, ...kept(values.json)]);
if (values.json) writeFileSync(values.json, `${JSON.stringify(all, null, 1)}\n`);
const failed = rows.filter(({ failures }) => failures.length > 0);
const absent = rows.filter(({ main }) => main.startsWith("not run"));
const passed = rows.length - failed.length - absent.length;
const seconds = Math.round((Date.now() - begin) / 1000);
console.log(
  `${passed} passed, ${failed.length} failed${absent.length > 0 ? `, ${absent.length} not run` : ""} in ${seconds} s`,
);
if (failed.length > 0) process.exitCode = 1;
else if (values.write) write();

/** Rows of a file that are not of this run. */
function kept(file: string | undefined): Row[] {
  if (file === undefined || !existsSync(file)) return [];
  const before: Row[] = JSON.parse(readFileSync(file, "utf8"));
  return before.filter(({ platform }) => !chosen.some(({ name }) => name === platform));
}

function inOrder(list: readonly Row[]): Row[] {
  return [...list].sort((a, b) => names.indexOf(a.platform) - names.indexOf(b.platform));
}

/** Puts the table of the rows that there are between its marks in docs/runtimes.md. */
function write(): void {
  if (all.some(({ failures }) => failures.length > 0)) throw new Error("--write expected rows that hold");
  const path = fromRoot("docs/runtimes.md");
  const [head, , tail] = readFileSync(path, "utf8").split(/(?<=<!-- tools -->\n)([\s\S]*?)(?=<!-- \/tools -->)/);
  writeFileSync(path, `${head}${markdown(all)}${tail}`);
}
