// `npm run dev`: tests of units, types and kernels, again at each change of what they import. A change in assembly/ or src/abi/
// compiles the kernels first; build/kernels/digest tells vitest of them. Arguments go to vitest.
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const start = (program, args) => spawn(program, args, { cwd: root, stdio: "inherit" });

let building = false;
let stale = false;

/** Compiles the kernels, once more if sources have changed meanwhile. Resolves to the exit code. */
function build() {
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

let timer;
for (const folder of ["assembly", "src/abi"])
  watch(join(root, folder), { recursive: true }, (_, file) => {
    if (!file?.endsWith(".ts") || file.startsWith("generated")) return; // written by the build
    clearTimeout(timer);
    timer = setTimeout(() => {
      stale = true;
      if (!building) build();
    }, 100);
  });

const projects = ["unit", "types", "kernels"].flatMap((name) => ["--project", name]);
const vitest = start(join(root, "node_modules/.bin/vitest"), ["watch", ...projects, ...process.argv.slice(2)]);
vitest.on("exit", (code) => process.exit(code ?? 1));
