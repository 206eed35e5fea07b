// Kernels of 256 bits: where they can be had they give the bits of the others, elsewhere they are refused or left out with a word.
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { RuntimeSupportError } from "../../../src/core/errors.js";
import { nodeHost } from "../../../src/hosts/node/host.js";
import { createModel, Linear, loadModel } from "../../../src/hosts/node/index.js";
import { modelCreator } from "../../../src/model/create.js";
import { compileKernels } from "../../../src/runtime/kernels.js";

const options = { inputShape: [4], threads: 1 } as const;
const net = () => new Linear(4, 2);
const refusal = /wide expected wide kernels, got none: /;

describe("where there are none", () => {
  const create = modelCreator(nodeHost, compileKernels);

  it("true is refused, auto goes on and says so, and the default says nothing", async () => {
    await expect(create(net(), { ...options, wide: true })).rejects.toThrow(RuntimeSupportError);
    await expect(create(net(), { ...options, wide: true })).rejects.toThrow(refusal);
    const { info } = await create(net(), { ...options, wide: "auto" });
    expect(info).toMatchObject({ wide: false, why: expect.stringMatching(/; no wide kernels: this entry has none/) });
    expect((await create(net(), options)).info).not.toHaveProperty("wide");
    const saved = await (await create(net(), options)).save();
    await expect(loadModel(saved, { wide: true, wasm: new WebAssembly.Module(empty) })).rejects.toThrow(/your own/);
  });

  const [major] = process.versions.node.split(".").map(Number);
  it.skipIf(major >= 24)("versions of Node before 24 are told", async () => {
    await expect(createModel(net(), { ...options, wide: true })).rejects.toThrow(/it takes Node 24 or later/);
    expect((await createModel(net(), { ...options, wide: "auto" })).info.why).toMatch(/it takes Node 24 or later$/);
  });

  it("anything but true, false and auto is refused", async () => {
    await expect(createModel(net(), { ...options, wide: "yes" as "auto" })).rejects.toThrow(
      /wide expected true or false or "auto"/,
    );
  });
});

const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

const installed = (name: string) =>
  fileURLToPath(new URL(`../runtimes/node_modules/${name}/bin/node`, import.meta.url));
const found = ["node24", "node26"].map(installed).filter(existsSync);

const PROGRAM = `
import { cifarResNet, createModel, createTrainer, crossEntropy, mobilenetV2, residualMLP, SGD } from "LIBRARY";
const bits = (model) => {
  let hash = 0;
  for (const { data } of Object.values(model.stateDict()))
    for (const word of new Uint32Array(data.buffer, data.byteOffset, data.length)) hash = (Math.imul(hash, 31) + word) | 0;
  return hash;
};
const nets = {
  dense: [() => residualMLP({ in: 37, width: 45, blocks: 2, out: 10 }), [37], 33],
  resnet: [() => cifarResNet(20), [32, 32, 3], 9],
  mobile: [() => mobilenetV2({ classes: 10 }), [32, 32, 3], 4],
};
const report = [];
for (const relaxedSimd of [false, true])
  for (const [name, [net, inputShape, n]] of Object.entries(nets)) {
    const results = [];
    for (const [wide, threads] of [[false, 1], [true, 1], [true, { force: 2 }], ["auto", 1]]) {
      const model = await createModel(net(), { inputShape, seed: 5, relaxedSimd, threads, wide });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
      const x = Float32Array.from({ length: n * inputShape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 1.7));
      const labels = Array.from({ length: n }, (_, i) => i % 10);
      for (let step = 0; step < 4; step++) trainer.step(x, labels);
      const [y] = model.predict(x).data;
      results.push({ wide: model.info.wide, why: model.info.why, hash: bits(model), y });
      model.dispose();
    }
    report.push({ name, relaxedSimd, results });
  }
console.log(JSON.stringify(report));
`;

interface Row {
  results: { wide?: boolean; why: string; hash: number; y: number }[];
}

describe.skipIf(found.length === 0)("in Node 24 and later (installed by npm ci --prefix test/e2e/runtimes)", () => {
  it.each(found)(
    "%s: weights after four steps have the bits of the usual kernels, on one thread and two",
    async (node) => {
      const library = new URL("../../../dist/index.node.js", import.meta.url).href;
      const program = PROGRAM.replace("LIBRARY", library);
      const { stdout } = await promisify(execFile)(node, ["--input-type=module", "-e", program]);
      const rows: Row[] = JSON.parse(stdout);
      expect(rows).toHaveLength(6);
      for (const { results } of rows) {
        for (const { hash, y } of results) expect([hash, y]).toEqual([results[0].hash, results[0].y]);
        expect(results.map(({ wide }) => wide)).toEqual([undefined, true, true, expect.any(Boolean)]);
        expect(results[1].why).toMatch(/wide kernels: by V8's experimental flag revectorize$/);
        expect(results[3].why).toMatch(
          /wide kernels: (by V8's experimental flag|a probe found them \d\.\d\d times as fast)/,
        );
      }
    },
  );

  // Where V8 joins vectors over an instruction that it has no wide one for, it ends the process.
  it.each(found)("%s: the optimising compiler takes every kernel under the flag", async (node) => {
    const folder = fileURLToPath(new URL("../../../dist/kernels/", import.meta.url));
    const flags = ["--experimental-wasm-revectorize", "--no-liftoff", "--no-wasm-lazy-compilation"];
    const program = 'new WebAssembly.Module(require("node:fs").readFileSync(process.argv[1])); console.log("taken")';
    const names = readdirSync(folder);
    expect(names.length).toBeGreaterThan(15);
    for (const name of names)
      expect(await promisify(execFile)(node, [...flags, "-e", program, folder + name]), name).toMatchObject({
        stdout: "taken\n",
      });
  });
});
