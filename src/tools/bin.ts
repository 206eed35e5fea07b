#!/usr/bin/env node
/** The command `resnet-wasm`, of which `doctor` is the one verb. */
import process from "node:process";
import { parseArgs } from "node:util";
import { doctor, formatReport } from "./doctor.js";

const HELP = `Usage: resnet-wasm doctor [options]

Tells what this machine and runtime offer to resnet-wasm (SIMD, relaxed SIMD, threads, cores), which path models take on
it and why, and measures GFLOPS of each kernel variant and number of threads, in ten seconds at most.

Options:
  --json         print the report as JSON
  --no-reading   measure nothing
  --help         print this text

Exit code: 0 when models run here, 1 when they do not, 2 on wrong arguments.
`;

const options = {
  json: { type: "boolean" },
  "no-reading": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

async function main(): Promise<number> {
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (positionals.join(" ") !== "doctor") {
    process.stderr.write(`resnet-wasm: command expected doctor, got ${positionals.join(" ") || "none"}\n\n${HELP}`);
    return 2;
  }
  const report = await doctor({ reading: !values["no-reading"] });
  process.stdout.write(`${values.json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`);
  return report.problems.length > 0 ? 1 : 0;
}

process.exitCode = await main();
