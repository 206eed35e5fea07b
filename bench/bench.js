/**
 * `npm run bench`: against other libraries (run.js, which says what it is told), or `npm run bench -- --against <commit>`
 * against another state of this one (against.js).
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

if (process.argv.some((argument) => /^--against(=|$)/.test(argument))) await import("./against.js");
else {
  const here = fileURLToPath(new URL(".", import.meta.url));
  execFileSync("npm", ["ci", "--prefix", here, "--silent", "--no-audit", "--no-fund"], { stdio: "inherit" });
  await import("./run.js");
}
