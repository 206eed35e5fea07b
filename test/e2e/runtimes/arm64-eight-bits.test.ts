// Networks in eight bits on arm64 by qemu-user, which the conformance suite would take 18 minutes for. Asked for, see
// ../cluster/arm64.test.ts: RESNET_WASM_ARM64_NODE=… npx vitest run --project e2e test/e2e/runtimes/arm64-eight-bits.test.ts
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const node = process.env["RESNET_WASM_ARM64_NODE"];
const qemu = "/usr/bin/qemu-aarch64-static";
const lacking = !node
  ? "RESNET_WASM_ARM64_NODE names no Node for arm64"
  : existsSync(qemu)
    ? ""
    : `there is no ${qemu}`;

const at = (name: string) => new URL(`../../../dist/${name}`, import.meta.url).href;
const PROGRAM = `
import { createHash } from "node:crypto";
import { BasicBlock, Conv2d, createModel, Flatten, Linear, MaxPool2d, ReLU6, Sequential } from "${at("index.node.js")}";
import { loadModel, quantize } from "${at("quantize.node.js")}";
const network = new Sequential(
  new Conv2d(3, 12, { kernelSize: 3, padding: 1 }),
  new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
  new BasicBlock(12, 12),
  new BasicBlock(12, 20, { stride: 2 }),
  new Conv2d(20, 20, { kernelSize: 3, groups: 20, padding: 1 }),
  new ReLU6(),
  new Conv2d(20, 40, { kernelSize: 1 }),
  new Flatten(),
  new Linear(40 * 20, 5),
);
const x = Float32Array.from({ length: 4 * 17 * 15 * 3 }, (_, i) => Math.fround(((i * 7919) % 1000) / 500 - 1));
const model = await createModel(network, { inputShape: [17, 15, 3], seed: 11, threads: 1, relaxedSimd: false });
const made = await quantize(model, x, { first: true, threads: 1 });
const file = await made.save();
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const outputs = [made.predict(x).data];
for (const options of [{}, { relaxedSimd: false }])
  outputs.push((await loadModel(file, { ...options, threads: 1 })).predict(x).data);
console.log(JSON.stringify({ arch: process.arch, file: hash(file), outputs: outputs.map((data) => hash(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))) }));
`;

interface Row {
  arch: string;
  file: string;
  outputs: string[];
}

it.skipIf(lacking)(
  `networks in eight bits have the files and the outputs of x86-64${lacking && ` (skipped: ${lacking})`}`,
  { timeout: 600_000 },
  async () => {
    const run = async (program: string, ...args: string[]): Promise<Row> => {
      const { stdout } = await promisify(execFile)(program, [...args, "--input-type=module", "-e", PROGRAM]);
      return JSON.parse(stdout);
    };
    const here = await run(process.execPath);
    const there = await run(qemu, "-L", "/usr/aarch64-linux-gnu", `${node}`);
    expect(there.arch).toBe("arm64");
    expect({ ...there, arch: here.arch }).toEqual(here);
    expect(new Set(here.outputs).size).toBe(1);
  },
);
