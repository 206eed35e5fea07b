/** A project of its own in a temporary folder: the packed package, what the platform needs, its files, the program. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fromRoot } from "../../scripts/root.js";
import { givenFiles } from "./given.js";
import type { Platform } from "./platform.js";
import { run } from "./process.js";

export interface Project {
  folder: string;
  path(...names: string[]): string;
  write(files: Readonly<Record<string, string>>): void;
  read(name: string): string;
  /** Runs a program of an installed package to its end; resolves to what it printed. */
  bin(
    name: string,
    args: readonly string[],
    options?: { env?: Record<string, string>; seconds?: number },
  ): Promise<string>;
}

/** The program of all platforms, by the names of its files. */
export const program: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    readdirSync(fromRoot("test/platforms/program")).map((name) => [
      name,
      readFileSync(fromRoot("test/platforms/program", name), "utf8"),
    ]),
  ),
  "files.js": givenFiles(),
};

/** What npm would publish. */
export async function pack(folder: string): Promise<string> {
  if (!existsSync(fromRoot("dist/index.js"))) throw new Error("no dist folder: `npm run build` makes it");
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(await run("npm", args, { cwd: fromRoot() }));
  return join(folder, filename);
}

/** Makes the project and installs what it needs; what an earlier run has installed in the folder stays. */
export async function makeProject(folder: string, tarball: string, platform: Platform): Promise<Project> {
  mkdirSync(folder, { recursive: true });
  clear(folder);
  const project = projectIn(folder);
  const split = (each: string) => /^(.+?)(?:@([^@]*))?$/.exec(each)!.slice(1) as [string, string | undefined];
  const dependencies = Object.fromEntries(
    (platform.packages ?? []).map((each) => [split(each)[0], split(each)[1] ?? "*"]),
  );
  const manifest = JSON.stringify({ name: "app", private: true, type: "module", dependencies });
  const stamp = join(folder, "node_modules/.stamp");
  const installed = existsSync(stamp) && readFileSync(stamp, "utf8") === manifest;
  if (!installed) project.write({ "package.json": manifest });
  const args = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", "--no-save"];
  await run("npm", [...args, tarball], { cwd: folder, seconds: 400 });
  writeFileSync(stamp, manifest);
  project.write(Object.fromEntries(Object.entries(program).map(([name, text]) => [join("program", name), text])));
  project.write(platform.files ?? {});
  return project;
}

/** Nothing of an earlier run but what npm has installed: tools keep what they made of the package before. */
function clear(folder: string): void {
  const kept = ["node_modules", "package.json"];
  const drop = (path: string) => rmSync(path, { recursive: true, force: true });
  for (const name of readdirSync(folder)) if (!kept.includes(name)) drop(join(folder, name));
  const modules = join(folder, "node_modules");
  for (const name of existsSync(modules) ? readdirSync(modules) : [])
    if (/^\.(?!bin$|package-lock|stamp$)/.test(name)) drop(join(modules, name));
}

function projectIn(folder: string): Project {
  const path = (...names: string[]) => join(folder, ...names);
  return {
    folder,
    path,
    read: (name) => readFileSync(path(name), "utf8"),
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(path(name)), { recursive: true });
        writeFileSync(path(name), text);
      }
    },
    bin: (name, args, options) => run(path("node_modules/.bin", name), args, { cwd: folder, ...options }),
  };
}
