// workerd, the engine of Cloudflare Workers: the package's files as modules, without a bundler, under one fetch handler.
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, relative } from "node:path";
import { check } from "./expect.js";
import { installed, run } from "./processes.js";
import { conformanceOf, folder, imports, root } from "./programs.js";
import { findings, NAMES, sameBits, writeHost } from "./standalone.js";

const KIND = "workerd";
const command = installed(".bin/workerd");

/** A file and all that it imports, statically or on demand. */
function closure(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  if (path.endsWith(".js"))
    for (const [, specifier] of readFileSync(path, "utf8").matchAll(
      /(?:from|import)\s*\(?\s*["`](\.{1,2}\/[^"`]+)["`]/g,
    ))
      closure(join(dirname(path), specifier), seen);
  return seen;
}

/** Its fetch handler answers with the value of an expression. */
const handler = (expression) => `export default { fetch: async () => Response.json(await ${expression}) };
`;

/** A program that evaluates an expression of the library and the suite. */
function programOf(name, expression) {
  const path = join(folder, `${name}.js`);
  writeFileSync(path, `${imports(path, KIND)}${handler(expression)}`);
  return path;
}

/** The configuration of a worker that runs the program `main`. */
function configure(name, main) {
  const at = (path) => `./${relative(folder, path)}`;
  // Module names are paths in the project, so that relative imports resolve as they do on disk.
  const modules = [...closure(main)].map((path) => {
    const kind = path.endsWith(".wasm") ? "wasm" : "esModule";
    return `(name = "${relative(root, path)}", ${kind} = embed "${at(path)}")`;
  });
  const config = join(folder, `${name}.capnp`);
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${modules.join(", ")}], compatibilityDate = "2026-06-01"))],
  sockets = [(name = "http", service = "main")]
);
`,
  );
  return config;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function answer(name, main) {
  const port = await freePort();
  const server = spawn(command, ["serve", configure(name, main), `--socket-addr=http=127.0.0.1:${port}`]);
  let log = "";
  server.stderr.on("data", (data) => (log += data));
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/`);
        const text = await response.text();
        check(response.ok, `workerd answered ${response.status}: ${text} ${log}`);
        return JSON.parse(text);
      } catch (error) {
        if (attempt > 100 || server.exitCode !== null || error.cause?.code !== "ECONNREFUSED")
          throw new Error(`${error.message} ${log}`.slice(0, 2000), { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  } finally {
    server.kill();
  }
}

export const workerd = {
  name: "workerd",
  title: "workerd",
  entry: `index.${KIND}.js`,
  version: async () => (await run(command, ["--version"])).trim().split(" ").at(-1),
  conformance: () =>
    answer(
      "workerd-conformance",
      programOf(
        "workerd-conformance",
        conformanceOf({
          name: "workerd",
          threads: 1,
          whyOneThread: "workerd has no worker threads",
          relaxedSimd: false,
        }),
      ),
    ),
  faults: {
    "compiled modules give the bits of predict": async () => {
      const files = NAMES.map((name) => `import ${name} from "./${name}.wasm";\n`).join("");
      const found = `(async () => ${findings("new WebAssembly.Instance(files[name]).exports")})()`;
      const program = `import { answersOf } from "./host.js";\n${files}const files = { ${NAMES} };\n${handler(found)}`;
      sameBits(await answer("workerd-standalone", writeHost("workerd", program)));
    },
  },
};
