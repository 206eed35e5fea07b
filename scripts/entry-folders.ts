/**
 * A folder for each entry, with a package.json that leads to its files: for what does not read `exports` of packages, which
 * are TypeScript's `moduleResolution: "node10"`, Parcel 2 by its defaults, webpack 4, browserify. They lie where those look:
 * `resnet-wasm/worker` is the folder `worker` beside package.json.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

type Conditions = Readonly<Record<string, string>>;

/** Writes the folders of `exports` into the package's own folder `root`. */
export function writeEntryFolders(root: string, exports: Readonly<Record<string, string | Conditions>>): void {
  const entries = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === "object" && name !== "." ? [[join(root, name), target] as const] : [],
  );
  for (const [folder] of entries) clear(folder);
  for (const [folder, { types, node, browser, default: other }] of entries) {
    const to = (path: string | undefined) => path && relative(folder, join(root, path)).split(sep).join("/");
    const page = browser ?? other;
    const main = node ?? other;
    const fields = { types: to(types), main: to(main), ...(page && page !== main && { browser: to(page) }) };
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), `${JSON.stringify(fields, null, 2)}\n`);
  }

  /** What an earlier build has left; anything else there is not this script's. */
  function clear(folder: string): void {
    if (!existsSync(folder)) return;
    const inner = entries.filter(([path]) => dirname(path) === folder).map(([path]) => relative(folder, path));
    const foreign = readdirSync(folder).filter((name) => name !== "package.json" && !inner.includes(name));
    if (foreign.length > 0) throw new Error(`${folder} expected to be an entry's folder, got one with ${foreign}`);
    rmSync(folder, { recursive: true });
  }
}
