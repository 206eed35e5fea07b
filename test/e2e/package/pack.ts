// The package as its users get it: packed, and installed from the tarball into a folder of its own.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Packed {
  tarball: string;
  /** Bytes of the tarball. */
  size: number;
  /** Paths inside the package. */
  files: string[];
  /** A folder whose node_modules has the package. */
  app: string;
  remove(): void;
}

const npm = (args: string[], cwd: string): string =>
  execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Packs what is in dist/, as `prepack` would make it, and installs it; the package has no dependencies, so nothing is fetched. */
export function packAndInstall(): Packed {
  if (!existsSync(join(root, "dist/index.js"))) throw new Error("no dist folder: `npm run build` makes it");
  const folder = mkdtempSync(join(tmpdir(), "resnet-wasm-"));
  const [{ filename, size, files }] = JSON.parse(
    npm(["pack", "--ignore-scripts", "--json", "--pack-destination", folder], root),
  );
  const tarball = join(folder, filename);
  const app = join(folder, "app");
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
  npm(["install", "--offline", "--no-audit", "--no-fund", tarball], app);
  const paths = files.map(({ path }: { path: string }) => path).sort();
  return { tarball, size, files: paths, app, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
