// Mutated files of every format against its reader: node scripts/run.js scripts/fuzz.ts [--count 100000] [--seed 1] [format …]
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { run } from "../test/support/fuzz/targets.js";
import { fromRoot } from "./root.js";

const { values, positionals } = parseArgs({
  options: { count: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
await run(positionals, Number(values.count), Number(values.seed), pathToFileURL(fromRoot("test/golden/")));
