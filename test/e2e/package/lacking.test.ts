// Places that lack what most have (jsdom: TextEncoder, structuredClone; worklets: clocks and timers; pages without https: crypto):
// each part of the package works there, or says what is missing and what to do.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { encode } from "fast-png";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createModel, createTrainer, crossEntropy, Linear, SGD } from "../../../src/hosts/node/index.js";
import { exportOnnx } from "../../../src/hosts/node/onnx.js";

const run = promisify(execFile);
const program = fileURLToPath(new URL("lacking.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lacking-"));

beforeAll(async () => {
  const model = await createModel(new Linear(4, 2), { inputShape: [4] });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
  const files = {
    saved: await model.save(),
    checkpoint: await trainer.save(),
    onnx: exportOnnx(model),
    pth: readFileSync(new URL("../../golden/pytorch/checkpoint.pth", import.meta.url)),
    png: encode({ width: 2, height: 2, channels: 3, depth: 8, data: new Uint8Array(12) }),
    zipped: gzipSync("hello world"),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function seenWithout(lacking: string): Promise<Record<string, string>> {
  const { stdout } = await run(process.execPath, [program, lacking, folder]);
  return JSON.parse(stdout);
}

const refused = (seen: Record<string, string>) => Object.keys(seen).filter((name) => seen[name] !== "fine");

it.each([
  ["TextEncoder", ["loadModel", "inference", "writeSafetensors", "save", "load", "exportOnnx"]],
  ["TextDecoder", ["loadModel", "inference", "readPytorch", "importOnnx", "load"]],
  ["DecompressionStream", ["gunzip"]],
  ["Blob", ["gunzip"]],
  ["crypto", ["sha256Hex"]],
  ["WebAssembly", ["createModel", "threads", "loadModel", "inference"]],
])("without %s, what needs it says so", async (lacking, needing) => {
  const seen = await seenWithout(lacking);
  expect(refused(seen)).toEqual(needing);
  for (const name of needing) expect(seen[name]).toMatch(new RegExp(`^RuntimeSupportError: .*${lacking}`));
});

it.each([
  "structuredClone",
  "performance",
  "navigator",
  "MessageChannel",
  "SharedArrayBuffer",
  "AbortSignal",
  "queueMicrotask",
])("without %s everything works", async (lacking) => {
  const seen = await seenWithout(lacking);
  expect(refused(seen)).toEqual([]);
  expect(Object.keys(seen).length).toBeGreaterThan(25);
});
