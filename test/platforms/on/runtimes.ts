/** Deno, Bun and workerd with their tools: run, check, build, compile. */
import { ASKED, guide } from "../guides.js";
import type { Outcome, Platform } from "../platform.js";
import { lastLine, run, serving } from "../process.js";
import type { Project } from "../project.js";
import { PRINT } from "../texts.js";

const FILES = { "process.js": PRINT("./program/outcome.js") };

const ran = async (project: Project, command: string, ...args: string[]): Promise<Outcome> =>
  lastLine(await run(command, args, { cwd: project.folder }));

const node: Platform = {
  name: "node",
  title: "Node",
  ci: true,
  version: () => process.versions.node,
  files: FILES,
  modes: {
    import: (project) => ran(project, process.execPath, "process.js"),
    require: (project) => {
      project.write({
        "process.cjs": `const main = require("resnet-wasm");
const there = require("resnet-wasm/worker");
if (typeof main.createModel !== "function" || typeof there.createModel !== "function") throw new Error("no createModel");
import("./program/outcome.js").then(async ({ outcome }) => console.log(JSON.stringify(await outcome())));
`,
      });
      return ran(
        project,
        process.execPath,
        ...(/^20\.1\d\./.test(process.versions.node) ? ["--experimental-require-module"] : []),
        "process.cjs",
      );
    },
  },
};

const deno: Platform = {
  name: "deno",
  title: "Deno",
  ci: true,
  packages: ["deno@2"],
  files: {
    ...FILES,
    "check.ts": `import { createModel, Linear, type Model } from "resnet-wasm";
import { createModel as there } from "resnet-wasm/worker";
import { outcome } from "./program/outcome.js";

const model: Model = await createModel(new Linear(2, 1), { inputShape: [2] });
const far = await there(new Linear(2, 1), { inputShape: [2] });
await far.dispose();
model.dispose();
console.log(JSON.stringify(await outcome()));
`,
    "serve.js": guide("serve.js"),
  },
  modes: {
    run: (project) => ran(project, project.path("node_modules/.bin/deno"), "run", "-A", "--quiet", "process.js"),
    "check, then run": async (project) => {
      const command = project.path("node_modules/.bin/deno");
      await run(command, ["check", "--quiet", "check.ts"], { cwd: project.folder });
      return ran(project, command, "run", "-A", "--quiet", "check.ts");
    },
    serve: (project) =>
      serving(
        () => [project.path("node_modules/.bin/deno"), "run", "-A", "--quiet", "serve.js"],
        { cwd: project.folder },
        async (address) => {
          const response = await fetch(address, { method: "POST", body: JSON.stringify(ASKED) });
          const guide = (await response.json()) as number[];
          return {
            ...(await ran(project, project.path("node_modules/.bin/deno"), "run", "-A", "--quiet", "process.js")),
            guide,
          };
        },
      ),
  },
};

const bun: Platform = {
  name: "bun",
  title: "Bun",
  ci: true,
  packages: ["bun@1"],
  files: FILES,
  modes: {
    run: (project) => ran(project, project.path("node_modules/.bin/bun"), "process.js"),
    build: async (project) => {
      await project.bin("bun", ["build", "process.js", "--target=bun", "--outdir=out"]);
      return ran(project, project.path("node_modules/.bin/bun"), "out/process.js");
    },
    "build --compile": async (project) => {
      await project.bin("bun", ["build", "process.js", "--compile", "--outfile=out/app"]);
      return ran(project, project.path("out/app"));
    },
  },
};

const wrangler: Platform = {
  name: "wrangler",
  title: "wrangler (Cloudflare Workers)",
  packages: ["wrangler@4"],
  noWorkers: "workerd has no worker threads",
  files: {
    "worker.js": `import { outcome } from "./program/outcome.js";

export default { fetch: async (request) => (new URL(request.url).pathname === "/run" ? Response.json(await outcome()) : new Response("")) };
`,
    "wrangler.json": JSON.stringify({ name: "app", main: "worker.js", compatibility_date: "2026-04-01" }),
  },
  modes: {
    dev: ({ folder, path }) =>
      serving(
        (port) => [
          path("node_modules/.bin/wrangler"),
          "dev",
          "--local",
          "--port",
          `${port}`,
          "--show-interactive-dev-session=false",
        ],
        { cwd: folder },
        async (address) => {
          const response = await fetch(`${address}/run`);
          const text = await response.text();
          if (!response.ok) throw new Error(text.slice(0, 2000));
          return JSON.parse(text);
        },
      ),
  },
};

export const runtimes = [node, deno, bun, wrangler];
