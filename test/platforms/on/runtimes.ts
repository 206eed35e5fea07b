/** Deno, Bun and workerd with their tools: run, check, build, compile. */
import { ASKED, guide } from "../guides.js";
import type { Outcome, Platform } from "../platform.js";
import { lastLine, run, serving } from "../process.js";
import type { Project } from "../project.js";
import { PRINT } from "../texts.js";

const FILES = { "process.js": PRINT("./program/server.js") };

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
import("./program/server.js").then(async ({ serverOutcome }) => console.log(JSON.stringify(await serverOutcome())));
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
    "edge/worker.js": guide("edge/worker.js"),
    "worker.js": `import edge from "./edge/worker.js";
import { outcome } from "./program/outcome.js";

export default {
  async fetch(request) {
    if (request.method === "POST") return edge.fetch(request);
    return new URL(request.url).pathname === "/run" ? Response.json(await outcome()) : new Response("");
  },
};
`,
    "wrangler.json": JSON.stringify({ name: "app", main: "worker.js", compatibility_date: "2026-04-01" }),
  },
  modes: {
    dev: (project) => byWrangler(project, []),
    "deploy --dry-run": async (project) => {
      await project.bin("wrangler", ["deploy", "--dry-run", "--outdir", "out"]);
      return byWrangler(project, ["out/worker.js", "--no-bundle"]);
    },
  },
};

/** Workers are served as they are, or bundled before. */
function byWrangler({ folder, path }: Project, what: readonly string[]): Promise<Outcome> {
  const flags = ["--local", "--show-interactive-dev-session=false"];
  return serving(
    (port) => [path("node_modules/.bin/wrangler"), "dev", ...what, ...flags, "--port", `${port}`],
    { cwd: folder },
    async (address) => {
      const [found, losses] = [
        await fetch(`${address}/run`),
        await fetch(address, { method: "POST", body: JSON.stringify(ASKED) }),
      ];
      for (const response of [found, losses]) if (!response.ok) throw new Error((await response.text()).slice(0, 2000));
      return { ...((await found.json()) as Outcome), guide: (await losses.json()) as number[] };
    },
  );
}

export const runtimes = [node, deno, bun, wrangler];
