/** `resnet-wasm doctor`. */
import process from "node:process";
import type { Command } from "../command.js";
import { doctor, formatReport } from "../doctor.js";

export const doctorCommand: Command = {
  arguments: "",
  count: [0, 0],
  about: `Tells what this machine and runtime offer to resnet-wasm (SIMD, relaxed SIMD, threads, cores), which path models take on
    it and why, and measures GFLOPS of each kernel variant and number of threads, in ten seconds at most.`,
  options: {
    json: { about: "print the report as JSON" },
    "no-reading": { about: "measure nothing" },
  },
  codes: "0 when models run here, 1 when they do not, 2 on wrong arguments.",
  async run(given) {
    const report = await doctor({ reading: !given.flag("no-reading") });
    process.stdout.write(`${given.flag("json") ? JSON.stringify(report, null, 2) : formatReport(report)}\n`);
    return report.problems.length > 0 ? 1 : 0;
  },
};
