// `npm run dev`: tests of units, types and kernels, again at each change of what they import. A change in assembly/ or src/abi/
// compiles the kernels first; build/kernels/digest tells vitest of them. Arguments go to vitest.
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { fromRoot } from "./root.js";

const start = (program: string, args: string[]) => spawn(program, args, { cwd: fromRoot(), stdio: "inherit" });

let building = false;
let stale = false;

/** Compiles the kernels, once more if sources have changed meanwhile. Resolves to the exit code. */
function build(): Promise<number | null> {
  building = true;
  stale = false;
  return new Promise((resolve) => {
    start(process.execPath, ["scripts/run.js", "scripts/build-kernels.ts"]).on("exit", (code) => {
      building = false;
      resolve(stale ? build() : code);
    });
  });
}

// Without kernels the tests of kernels fail, the others run: an error in assembly/ is no reason to stop.
await build();

let timer: NodeJS.Timeout | undefined;
for (const folder of ["assembly", "src/abi"])
  watch(fromRoot(folder), { recursive: true }, (_, file) => {
    if (!file?.endsWith(".ts") || file.startsWith("generated")) return; // written by the build
    clearTimeout(timer);
    timer = setTimeout(() => {
      stale = true;
      if (!building) build();
    }, 100);
  });

const projects = ["unit", "types", "kernels"].flatMap((name) => ["--project", name]);
const vitest = start(fromRoot("node_modules/.bin/vitest"), ["watch", ...projects, ...process.argv.slice(2)]);
vitest.on("exit", (code) => process.exit(code ?? 1));
