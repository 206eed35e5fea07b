// Networks in eight bits on arm64 by qemu-user: their case of the conformance suite, all of which would take 18 minutes. Asked for, see
// ../cluster/arm64.test.ts: RESNET_WASM_ARM64_NODE=… npx vitest run --project e2e test/e2e/runtimes/arm64-eight-bits.test.ts
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, it } from "vitest";
import type { Report } from "./conformance/suite.js";

const node = process.env["RESNET_WASM_ARM64_NODE"];
const qemu = "/usr/bin/qemu-aarch64-static";
const lacking = !node
  ? "RESNET_WASM_ARM64_NODE names no Node for arm64"
  : existsSync(qemu)
    ? ""
    : `there is no ${qemu}`;

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const PROGRAM = `
import * as library from "${at("dist/index.node.js")}";
import * as inference from "${at("dist/inference.node.js")}";
import * as eight from "${at("dist/quantize.node.js")}";
import { conformance } from "./conformance/index.ts";
const environment = { name: "arm64", threads: 2, relaxedSimd: true, only: "in eight bits" };
console.log(JSON.stringify({ arch: process.arch, ...(await conformance(library, inference, environment, eight)) }));
`;

it.skipIf(lacking)(
  `networks in eight bits have the files and the outputs of x86-64${lacking && ` (skipped: ${lacking})`}`,
  { timeout: 600_000 },
  async () => {
    const outfile = at("build/runtimes/arm64-eight-bits.mjs");
    await build({
      stdin: { contents: PROGRAM, resolveDir: at("test/e2e/runtimes") },
      ...{ bundle: true, format: "esm", external: [at("dist/*")], outfile },
    });
    const { stdout } = await promisify(execFile)(qemu, ["-L", "/usr/aarch64-linux-gnu", `${node}`, outfile]);
    const { arch, results }: Report & { arch: string } = JSON.parse(stdout);
    expect(arch).toBe("arm64");
    expect(results).toEqual([expect.objectContaining({ error: null })]);
  },
);
