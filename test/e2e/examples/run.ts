// Runs an example as its reader would: a process of its own, on the built package.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `node examples/<name>` to its end. */
export function runExample(name: string, args: readonly string[] = []): Promise<Outcome> {
  if (!existsSync(`${root}/dist/index.node.js`))
    throw new Error("dist/ is missing: npm test builds it, npm run build does");
  return new Promise((resolve, reject) => {
    const options = { cwd: root, timeout: 100_000 };
    execFile(process.execPath, [`examples/${name}`, ...args], options, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: error ? (error.code as number) : 0, stdout, stderr });
    });
  });
}
