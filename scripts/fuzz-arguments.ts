// Junk for every function, class and method that the built package exports:
// node scripts/run.js scripts/fuzz-arguments.ts [--calls 400] [--seed 1] [--only pattern] [--trace file]
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fuzzArguments } from "../test/support/fuzz/arguments.js";
import { rootOf } from "../test/support/fuzz/subjects.js";
import { fromRoot } from "./root.js";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "400" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "." },
    /** A file that holds the last call, for those that never return. */
    trace: { type: "string" },
  },
});
const { failures, ...report } = await fuzzArguments(rootOf(fromRoot()), {
  calls: Number(values.calls),
  seed: Number(values.seed),
  only: new RegExp(values.only),
  ...(values.trace && { trace: (line) => writeFileSync(values.trace!, `${line}\n`) }),
});
for (const failure of failures) console.log(failure);
const { subjects, calls, refused, slowestMs, longest } = report;
console.log(
  `${subjects} functions and methods, ${calls} calls, ${refused} refused, ${failures.length} untyped, slowest ${slowestMs.toFixed(0)} ms, longest message ${longest[0]} (${longest[1]})`,
);
process.exit(failures.length > 0 ? 1 : 0);
