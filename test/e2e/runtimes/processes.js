// Node, Deno and Bun: programs as processes of their own, which print what they found.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exitsByItself, fellBack, killedWorker, refused } from "./expect.js";
import { conformanceOf, writeProgram } from "./programs.js";
import { findings, modules, sameBits, writeHost } from "./standalone.js";

const KIND = "node";
const PRINT = { after: "console.log(JSON.stringify(await globalThis.outcome));" };

/** Keeps the workers that the library starts, to kill them: it calls `unref` on each. */
const CAPTURE = `
import { Worker } from "node:worker_threads";
const workers = [];
const { unref } = Worker.prototype;
Worker.prototype.unref = function () {
  workers.push(this);
  return unref.call(this);
};
const kill = () => workers.forEach((worker) => void worker.terminate());`;

export const installed = (path) => join(fileURLToPath(new URL("node_modules", import.meta.url)), path);

/** Runs a command to its end; rejects when it fails or takes longer than `seconds`. */
export function run(command, args, { env = {}, seconds = 300 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, NO_COLOR: "1", ...env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data) => (stdout += data));
    child.stderr.on("data", (data) => (stderr += data));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${command} did not end within ${seconds} s. ${stdout}${stderr}`.slice(0, 2000)));
    }, seconds * 1000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} left with code ${code}. ${stdout}${stderr}`.slice(0, 2000)));
    });
  });
}

/** A runtime that is a command. `noSimd`: how it is told to do without; `grants`: how to let it read files. */
function processRuntime({ name, title, command, args = [], grants = [], relaxedSimd, noSimd, more = {} }) {
  const environment = { name, threads: 2, relaxedSimd };
  const program = async (part, expression, { flags = [], env, before, seconds } = {}) => {
    const path = writeProgram(`${name}-${part}`, KIND, expression, { ...PRINT, before });
    return JSON.parse((await run(command, [...args, ...flags, path], { env, seconds })).trim().split("\n").at(-1));
  };
  return {
    name,
    title,
    entry: `index.${KIND}.js`,
    version: async () => (await run(command, ["--version"])).match(/\d+\.\d+\.\d+/)[0],
    conformance: () => program("conformance", conformanceOf(environment)),
    faults: {
      "the command line runs": async () => {
        const bin = fileURLToPath(new URL("../../../dist/bin.js", import.meta.url));
        const file = fileURLToPath(new URL("../../golden/pytorch/checkpoint.pth", import.meta.url));
        const found = await run(command, [...args, ...grants, bin, "info", file]);
        if (!/conv1\.weight +F32 +\[4, 3, 3, 3\]/.test(found)) throw new Error(`info printed ${found}`);
      },
      "compiled modules give the bits of predict": async () => {
        const file = 'readFileSync(folder + name + ".wasm")';
        const exportsOf = `new WebAssembly.Instance(new WebAssembly.Module(${file})).exports`;
        const program = `import { readFileSync } from "node:fs";
import { answersOf } from "./host.js";
const folder = ${JSON.stringify(`${modules}/`)};
console.log(JSON.stringify(${findings(exportsOf)}));
`;
        sameBits(JSON.parse(await run(command, [...args, ...grants, writeHost(name, program)])));
      },
      "workers do not keep the process alive": async () =>
        exitsByItself(await program("abandon", "suite.abandon(library)", { seconds: 60 })),
      "a worker killed mid-step ends in a typed error": async () =>
        killedWorker(await program("kill", "suite.killWorker(library, kill)", { before: CAPTURE })),
      "without SIMD: a typed error": async () =>
        refused(await program("no-simd", "suite.probe(library)", noSimd), "SIMD"),
      ...Object.fromEntries(Object.entries(more).map(([title, fault]) => [title, () => fault(program)])),
    },
  };
}

const noWebAssembly = async (program) =>
  refused(await program("jitless", "suite.probe(library)", { flags: ["--jitless"] }), "WebAssembly");

const tooLarge = async (program) =>
  refused(
    await program("compile", "suite.probe(library)", { flags: ["--wasm-max-module-size=1000"] }),
    "a runtime that compiles the kernels",
  );

/** Node's permission model forbids workers. */
const noWorkers = (flag) => async (program) =>
  fellBack(
    await program("no-workers", "suite.probe(library)", { flags: [flag, "--allow-fs-read=*"] }),
    "no worker started",
  );

const node = (major, relaxedSimd, { suffix = "", title = "Node", ...more } = {}) =>
  processRuntime({
    name: `node${major}${suffix}`,
    title,
    command: installed(`node${major}/bin/node`),
    ...more,
    relaxedSimd,
    noSimd: { flags: ["--no-enable-sse4-1"] },
    more: {
      "without WebAssembly: a typed error": noWebAssembly,
      "kernels that do not compile: a typed error": tooLarge,
      "workers not permitted: one thread": noWorkers(major < 24 ? "--experimental-permission" : "--permission"),
    },
  });

export const node20 = node(20, false);
export const node22 = node(22, true);
export const node24 = node(24, true);
export const node26 = node(26, true);
/** V8 widens what kernels it can: nothing else changes. */
const widened = { suffix: "-wide", title: "Node with V8's revectorize,", args: ["--experimental-wasm-revectorize"] };
export const node24Wide = node(24, true, widened);
export const node26Wide = node(26, true, widened);

/** Where a package's install script puts its binary, or, when scripts are not run, the one of the platform's package. */
function binary(name, scope, inside) {
  const platforms = existsSync(installed(scope)) ? readdirSync(installed(scope)) : [];
  const found = platforms.map((platform) => installed(`${scope}/${platform}/${inside}`)).find(existsSync);
  return found ?? installed(`.bin/${name}`);
}

export const denoPath = binary("deno", "@deno", "deno");

/** Without any permission. */
export const deno = processRuntime({
  name: "deno",
  title: "Deno",
  command: denoPath,
  args: ["run", "--no-prompt", "--quiet"],
  grants: ["--allow-read", "--allow-env", "--allow-sys"],
  relaxedSimd: true,
  noSimd: { flags: ["--v8-flags=--no-enable-sse4-1"] },
});

export const bun = processRuntime({
  name: "bun",
  title: "Bun",
  command: binary("bun", "@oven", "bin/bun"),
  relaxedSimd: true,
  noSimd: { env: { BUN_JSC_useWasmSIMD: "0" } },
});
