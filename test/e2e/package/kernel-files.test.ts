// In Node the package reads its kernels as files; where it may not, cannot, or finds others there, it unpacks those embedded.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createModel, residualMLP } from "../../../src/hosts/node/index.js";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "kernel-files-"));
const dist = new URL("../../../dist/", import.meta.url);

let expected: number[];
beforeAll(async () => {
  const network = residualMLP({ in: 6, width: 8, blocks: 1, out: 3 });
  const model = await createModel(network, { inputShape: [6], relaxedSimd: false });
  expected = [...model.predict([1, 2, 3, 4, 5, 6]).data];
  writeFileSync(join(folder, "model"), await model.save());
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a process predicts whose `readFileSync` gives for kernels what `instead` says of the file's bytes. */
async function seen(entry: string, instead: string): Promise<{ read: number; data: number[] }> {
  const program = `
    const fs = process.getBuiltinModule("node:fs");
    const whole = fs.readFileSync;
    const saved = whole(${JSON.stringify(join(folder, "model"))});
    let read = 0;
    fs.readFileSync = (path, ...more) => {
      const bytes = whole(path, ...more);
      if (!String(path).endsWith(".wasm")) return bytes;
      read++;
      return (${instead})(bytes);
    };
    const { loadModel } = await import(${JSON.stringify(new URL(entry, dist).href)});
    const model = await loadModel(saved, { relaxedSimd: false });
    console.log(JSON.stringify({ read, data: [...model.predict([1, 2, 3, 4, 5, 6]).data] }));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
  return JSON.parse(stdout);
}

it.each([
  ["as they are", "(bytes) => bytes"],
  ["not to be read", '() => { throw new Error("no permission"); }'],
  ["with one bit changed", "(bytes) => { bytes[bytes.length - 9] ^= 1; return bytes; }"],
  ["cut off", "(bytes) => bytes.subarray(0, bytes.length - 1)"],
])("predicts with files %s", async (_, instead) => {
  for (const entry of ["index.node.js", "inference.node.js"]) {
    const { read, data } = await seen(entry, instead);
    expect(read).toBe(1);
    expect(data).toEqual(expected);
  }
});
