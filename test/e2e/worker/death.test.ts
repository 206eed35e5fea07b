// Workers that do not start, that die, and that must not outlive their model.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { crossEntropy, ResnetWasmError, RuntimeSupportError, residualMLP, SGD } from "../../../src/hosts/node/index.js";
import { createTrainer } from "../../../src/worker/trainer.js";
import { blobs } from "../../support/datasets.js";
import { openModel, PROGRAM, rejection } from "./open.js";

const network = residualMLP({ in: 4, width: 16, blocks: 2, out: 3 });
const options = { inputShape: [4] };
const training = { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05 }) };
const dataset = blobs(120);
const evaluated = (code: string) => () => new Worker(code, { eval: true });

describe("a worker that does not start", () => {
  it.each<[string, string | (() => Worker), RegExp]>([
    [
      "because its file is missing",
      "/no/such/file.js",
      /worker: worker expected one that starts, got Cannot find module/,
    ],
    ["because its code throws", evaluated('throw new Error("broken")'), /got broken/],
    ["because it leaves", evaluated("process.exit(3)"), /got a worker left with code 3/],
    [
      "because the function throws",
      () => {
        throw new Error("not today");
      },
      /got not today\. Host the file/,
    ],
  ])("fails %s", async (_, worker, message) => {
    const error = await rejection(openModel(network, { ...options, worker }));
    expect(error).toBeInstanceOf(RuntimeSupportError);
    expect(error.message).toMatch(message);
  });
});

describe("a worker that dies", () => {
  it("fails every pending call, and every later one", async () => {
    let worker: Worker | undefined;
    const start = () => (worker = new Worker(PROGRAM));
    const model = await openModel(network, { ...options, worker: start });
    const trainer = await createTrainer(model, training);
    const onStep = ({ step }: { step: number }) => void (step === 3 && worker!.terminate());
    const pending = [
      trainer.fit(dataset, { epochs: 1e6, batchSize: 8, callbacks: [{ onStep }] }),
      trainer.evaluate({ ...dataset, prefetch: () => new Promise(() => {}) }),
    ];
    for (const error of await Promise.all(pending.map(rejection))) {
      expect(error).toBeInstanceOf(RuntimeSupportError);
      expect(error.message).toMatch(/(fit|evaluate): worker expected alive, got a worker left with code 1/);
    }
    const later = await rejection(model.predict(new Float32Array(4)));
    expect(later).toBeInstanceOf(RuntimeSupportError);
    await model.dispose();
  });
});

describe("dispose", () => {
  it("fails what is pending, ends the worker, and may be repeated", async () => {
    let worker: Worker | undefined;
    const start = () => (worker = new Worker(PROGRAM));
    const model = await openModel(network, { ...options, worker: start });
    const trainer = await createTrainer(model, training);
    const fit = rejection(trainer.fit(dataset, { epochs: 1e6 }));
    const gone = once(worker!, "exit");
    await model.dispose();
    await model.dispose();
    const error = await fit;
    expect(error.constructor).toBe(ResnetWasmError);
    expect(error.message).toBe("fit: model expected in use, got disposed");
    expect((await rejection(model.predict(new Float32Array(4)))).message).toMatch(/predict: model expected in use/);
    await gone;
  });

  it("is called by await using", async () => {
    let worker: Worker | undefined;
    const start = () => (worker = new Worker(PROGRAM));
    const model = await openModel(network, { ...options, worker: start });
    const gone = once(worker!, "exit");
    await model[Symbol.asyncDispose]();
    await gone;
  });
});

/** A process of its own on the built package; resolves to what it wrote. */
const run = (code: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const cwd = fileURLToPath(new URL("../../..", import.meta.url));
    const args = ["--expose-gc", "--input-type=module", "-e", code];
    execFile(process.execPath, args, { cwd, timeout: 50_000 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });

const prelude = `
import { Worker } from "node:worker_threads";
import { crossEntropy, residualMLP, SGD } from "resnet-wasm";
import { createModel, createTrainer } from "resnet-wasm/worker";
import { glyphs } from "resnet-wasm/data";
const network = residualMLP({ in: 784, width: 32, blocks: 2, out: 10 });
const options = { inputShape: [784] };
const training = { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05 }) };
`;

describe("a process", () => {
  it("stays while a call is pending and leaves when none is, without dispose", async () => {
    const out = await run(`${prelude}
      const model = await createModel(network, options);
      const trainer = await createTrainer(model, training);
      const { losses } = await trainer.fit(glyphs({ count: 320 }), { epochs: 2 });
      console.log(losses.length);`);
    expect(out).toBe("20\n");
  });

  it("has no workers left of models that were forgotten", async () => {
    const out = await run(`${prelude}
      let [started, ended] = [0, 0];
      const worker = () => {
        started++;
        return new Worker(new URL("./dist/model-worker.node.js", "file://" + process.cwd() + "/"), { execArgv: [] }).on("exit", () => ended++);
      };
      async function use() {
        const model = await createModel(network, { ...options, worker });
        const trainer = await createTrainer(model, training);
        await trainer.fit(glyphs({ count: 32 }));
      }
      for (let i = 0; i < 4; i++) await use();
      for (let i = 0; i < 200 && ended < started; i++) {
        globalThis.gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      console.log(started, ended);`);
    expect(out).toBe("4 4\n");
  });

  it("keeps its event loop turning while the worker trains", async () => {
    // Steps of a wide network take far longer than a tick; on this thread no timer would be heard during one.
    const out = await run(`${prelude}
      const wide = residualMLP({ in: 784, width: 1024, blocks: 4, out: 10 });
      const model = await createModel(wide, { ...options, threads: 1 });
      const trainer = await createTrainer(model, training);
      const data = glyphs({ count: 512 });
      await trainer.fit(data, { batchSize: 512 });
      let ticks = 0;
      const timer = setInterval(() => ticks++, 2);
      const from = performance.now();
      const { losses } = await trainer.fit(data, { batchSize: 512, maxMs: 1500, epochs: 1000 });
      const ms = performance.now() - from;
      clearInterval(timer);
      console.log(JSON.stringify({ ticks, steps: losses.length, ms }));`);
    const { ticks, steps, ms } = JSON.parse(out) as { ticks: number; steps: number; ms: number };
    expect(ms / steps).toBeGreaterThan(20);
    expect(ticks / steps).toBeGreaterThan(5);
  });
});
