// `npm run site`: the site into build/site, and before it the package where dist/ is older than its sources. `--serve` serves it.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { build, preview } from "vite";
import { buildDocs } from "../site/docs/build.js";
import { fromRoot } from "./root.js";

const changed = (path: string): number => statSync(path).mtimeMs;

/** When something in a folder of sources was last written. What the build itself writes there is no source. */
const newest = (folder: string): number =>
  readdirSync(fromRoot(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("generated"))
    .reduce((latest, entry) => Math.max(latest, changed(`${entry.parentPath}/${entry.name}`)), 0);

const types = fromRoot("dist/types");
const isBuilt = existsSync(types) && changed(types) > Math.max(newest("src"), newest("assembly"));
if (!isBuilt) execFileSync("npm", ["run", "build", "--silent"], { cwd: fromRoot(), stdio: "inherit" });

const configFile = fromRoot("site/vite.config.ts");
await build({ configFile, logLevel: "warn" });
const { pages } = await buildDocs(fromRoot(), fromRoot("build/site"));
console.log(`docs: ${pages.length} pages`);
console.log("build/site is made: any static server may serve it, under any name");

if (process.argv.includes("--serve")) {
  const server = await preview({ configFile });
  server.printUrls();
}
