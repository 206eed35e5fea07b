/** Bundlers alone, for pages and for Node. */
import { hosting, noBrowser, visit } from "../page.js";
import type { Outcome, Platform } from "../platform.js";
import { lastLine, run } from "../process.js";
import type { Project } from "../project.js";
import { PRINT, page, START } from "../texts.js";

const FILES = {
  "page.js": START("./program/outcome.js"),
  "process.js": PRINT("./program/server.js"),
  "site/index.html": page("./page.js"),
  "site/module.html": page("./page.mjs"),
};

const inPage = ({ path }: Project): Promise<Outcome> => hosting(path("site"), visit);
const inProcess = async (project: Project, file: string): Promise<Outcome> =>
  lastLine(await run(process.execPath, [file], { cwd: project.folder }));

/** A small program that calls a bundler's API, because not all have a command. */
const build = async (project: Project, text: string): Promise<void> => {
  project.write({ "build.mjs": text });
  await run(process.execPath, ["build.mjs"], { cwd: project.folder });
};

const esbuild: Platform = {
  name: "esbuild",
  title: "esbuild",
  ci: true,
  packages: ["esbuild@0.28"],
  files: FILES,
  missing: noBrowser,
  modes: {
    "page, in parts": async (project) => {
      await project.bin("esbuild", [
        "page.js",
        "--bundle",
        "--splitting",
        "--format=esm",
        "--outdir=site",
        "--log-level=error",
      ]);
      return inPage(project);
    },
    "page, one file": async (project) => {
      await project.bin("esbuild", [
        "page.js",
        "--bundle",
        "--format=iife",
        "--outfile=site/page.js",
        "--log-level=error",
      ]);
      return inPage(project);
    },
    Node: async (project) => {
      const args = ["--bundle", "--platform=node", "--format=esm", "--outfile=out/process.mjs", "--log-level=error"];
      await project.bin("esbuild", ["process.js", ...args]);
      return inProcess(project, "out/process.mjs");
    },
  },
};

const webpackConfig = (entry: string, target: string, path: string) => `import webpack from "webpack";
const config = {
  mode: "production",
  entry: "./${entry}",
  target: "${target}",
  output: { path: ${JSON.stringify(path)}, filename: "${entry.replace(".js", ".mjs")}", module: true },
  experiments: { outputModule: true },
  performance: { hints: false },
};
webpack(config, (error, stats) => {
  if (!error && !stats.hasErrors() && !stats.hasWarnings()) return;
  console.error(error ?? stats.toString());
  process.exitCode = 1;
});
`;

const webpack: Platform = {
  name: "webpack",
  title: "webpack",
  packages: ["webpack@5"],
  files: { ...FILES, "site/index.html": page("./page.mjs") },
  missing: noBrowser,
  modes: {
    page: async (project) => {
      await build(project, webpackConfig("page.js", "web", project.path("site")));
      return inPage(project);
    },
    Node: async (project) => {
      await build(project, webpackConfig("process.js", "node20", project.path("out")));
      return inProcess(project, "out/process.mjs");
    },
  },
};

/** Rollup and Rolldown have one API. */
const rollupConfig = (
  name: string,
  entry: string,
  folder: string,
  plugins: string,
  more = "",
) => `import { ${name} } from "${name}";
${plugins ? 'import { nodeResolve } from "@rollup/plugin-node-resolve";\n' : ""}const bundle = await ${name}({
  input: "${entry}",
  plugins: [${plugins}],
  external: [/^node:/],
  onwarn: (warning) => console.error(warning.message),${more}
});
await bundle.write({ dir: "${folder}", format: "es", entryFileNames: "[name].mjs" });
`;

const rollup: Platform = {
  name: "rollup",
  title: "Rollup",
  packages: ["rollup@4", "@rollup/plugin-node-resolve@16"],
  files: { ...FILES, "site/index.html": page("./page.mjs") },
  missing: noBrowser,
  modes: {
    page: async (project) => {
      await build(project, rollupConfig("rollup", "page.js", "site", "nodeResolve({ browser: true })"));
      return inPage(project);
    },
    Node: async (project) => {
      await build(project, rollupConfig("rollup", "process.js", "out", `nodeResolve({ exportConditions: ["node"] })`));
      return inProcess(project, "out/process.mjs");
    },
  },
};

const rolldown: Platform = {
  name: "rolldown",
  title: "Rolldown",
  ci: true,
  packages: ["rolldown@1"],
  files: { ...FILES, "site/index.html": page("./page.mjs") },
  missing: noBrowser,
  modes: {
    page: async (project) => {
      await build(project, rollupConfig("rolldown", "page.js", "site", "", `\n  platform: "browser",`));
      return inPage(project);
    },
    Node: async (project) => {
      await build(project, rollupConfig("rolldown", "process.js", "out", "", `\n  platform: "node",`));
      return inProcess(project, "out/process.mjs");
    },
  },
};

const parcel: Platform = {
  name: "parcel",
  title: "Parcel",
  packages: ["parcel@2"],
  files: { "index.html": page("./page.js"), "page.js": START("./program/outcome.js") },
  missing: noBrowser,
  modes: {
    built: async (project) => {
      await project.bin("parcel", ["build", "index.html", "--dist-dir", "site", "--public-url", "./", "--no-cache"]);
      return inPage(project);
    },
  },
};

export const bundlers = [webpack, esbuild, rollup, rolldown, parcel];
