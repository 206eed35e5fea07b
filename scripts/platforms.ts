/**
 * The package in every tool: `npm run test:platforms -- [options]`
 *   --only a,b      these platforms
 *   --ci            those that CI runs
 *   --folder path   keep the projects there, for the next run
 *   --json file     the rows as JSON
 *   --write         write the table of docs/runtimes.md, of a run of all
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { PLATFORMS } from "../test/platforms/platforms.js";
import { runMatrix } from "../test/platforms/run.js";

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
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
const failed = rows.filter(({ failures }) => failures.length > 0);
console.log(
  `${rows.length - failed.length} passed, ${failed.length} failed in ${Math.round((Date.now() - begin) / 1000)} s`,
);
if (failed.length > 0) process.exitCode = 1;
