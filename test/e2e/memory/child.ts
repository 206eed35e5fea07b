// Runs a script against the library in a process of its own, where memory can be measured and exhausted in peace.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Outcome<T> {
  /** What the script handed to `report`. */
  report: T;
  /** Milliseconds from the report to the end of the process. */
  lingered: number;
  code: number | null;
}

/**
 * The script finds the library as `lib` and hands its result to `report`, once, at its end. Nothing ends the process
 * for it: when it is still there 20 s after its report, the promise rejects.
 */
export async function runChild<T>(script: string, flags: string[] = []): Promise<Outcome<T>> {
  const folder = mkdtempSync(join(tmpdir(), "resnet-wasm-"));
  const outfile = join(folder, "script.mjs");
  const contents = `import * as lib from "./src/hosts/node/index.ts";
    const report = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
    ${script}`;
  try {
    await build({
      stdin: { contents, resolveDir: root, loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile,
      logLevel: "error",
    });
    return await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [...flags, outfile], { stdio: ["ignore", "pipe", "pipe"] });
      let [out, err, reported] = ["", "", 0];
      let timer: ReturnType<typeof setTimeout> | undefined;
      child.stdout.on("data", (chunk) => {
        out += chunk;
        reported ||= performance.now();
        timer ??= setTimeout(() => child.kill("SIGKILL"), 20_000);
      });
      child.stderr.on("data", (chunk) => (err += chunk));
      child.on("error", reject);
      child.on("close", (code, signal) => {
        clearTimeout(timer);
        if (signal !== null) reject(new Error(`ended by ${signal}; ${err}`));
        else if (out === "") reject(new Error(`no report; code ${code}; ${err}`));
        else resolve({ report: JSON.parse(out), lingered: performance.now() - reported, code });
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
