// Flat memory: nothing grows while training, and models that are dropped without `dispose` neither pile up nor keep the
// process alive.
import { describe, expect, it } from "vitest";
import { runChild } from "./child.js";

const NETWORK = `lib.residualMLP({ in: 16, width: 16, blocks: 2, out: 4, norm: "batch", dropout: 0.1 })`;

describe("10,000 steps", () => {
  it("allocate no WASM page after the first, and leave no garbage behind", async () => {
    const { report, code } = await runChild<{ pages: number[]; heap: number[]; buffers: number[] }>(
      `
      const model = await lib.createModel(${NETWORK}, { inputShape: [16] });
      const trainer = lib.createTrainer(model, { loss: lib.crossEntropy(), optimizer: new lib.Adam(), ema: 0.99, clipGradNorm: 1 });
      const x = Float32Array.from({ length: 16 * 8 }, (_, i) => Math.sin(i));
      const labels = Int32Array.from({ length: 8 }, (_, i) => i % 4);
      const pages = [], heap = [], buffers = [];
      for (let step = 0; step <= 10000; step++) {
        trainer.step(x, labels);
        if (step % 2000 !== 0) continue;
        gc();
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        pages.push(model.engine.executor.memory.memory.buffer.byteLength / 65536);
        heap.push(heapUsed);
        buffers.push(arrayBuffers);
      }
      report({ pages, heap, buffers });`,
      ["--expose-gc"],
    );
    expect(code).toBe(0);
    expect(new Set(report.pages).size).toBe(1);
    // The first rounds compile and cache; from 4,000 steps on the heap stays where it is.
    expect(Math.max(...report.heap.slice(3)) - report.heap[2]).toBeLessThan(150_000);
    expect(Math.max(...report.buffers.slice(1)) - report.buffers[1]).toBeLessThan(20_000);
  });

  it("of fit, with predictions and evaluations at other batch sizes in between, take no page after the first epoch", async () => {
    const { report, code } = await runChild<{ pages: number[]; heap: number[]; steps: number }>(
      `
      const model = await lib.createModel(${NETWORK}, { inputShape: [16] });
      const trainer = lib.createTrainer(model, { loss: lib.crossEntropy(), optimizer: new lib.SGD({ lr: 0.01, momentum: 0.9 }) });
      const dataset = { length: 803, inputShape: [16], targets: "class", classes: 4, get(indices, x, y) { x.fill(0.5); y.fill(1); } };
      const pages = [], heap = [];
      const onEpoch = () => {
        model.predict(new Float32Array(16 * 37));
        gc();
        pages.push(model.engine.executor.memory.memory.buffer.byteLength / 65536);
        heap.push(process.memoryUsage().heapUsed);
      };
      const { losses } = await trainer.fit(dataset, { epochs: 99, batchSize: 8, validation: { ...dataset, length: 70 }, callbacks: [{ onEpoch }] });
      report({ pages, heap, steps: losses.length });`,
      ["--expose-gc"],
    );
    expect(code).toBe(0);
    expect(report.steps).toBe(9999);
    expect(new Set(report.pages).size).toBe(1);
    // The history itself: a number for each step and a record for each epoch.
    expect(report.heap[98] - report.heap[40]).toBeLessThan(400_000);
  });
});

describe("models that are dropped", () => {
  it("1,000 of them without dispose exhaust nothing, and the process ends by itself", async () => {
    const { report, code, lingered } = await runChild<{ sum: number }>(`
      let sum = 0;
      for (let i = 0; i < 1000; i++) {
        const model = await lib.createModel(${NETWORK}, { inputShape: [16], seed: i });
        sum += model.predict(new Float32Array(32).fill(1)).data[0];
      }
      report({ sum });`);
    expect(code).toBe(0);
    expect(Number.isFinite(report.sum)).toBe(true);
    expect(lingered).toBeLessThan(2000);
  });

  it("50 of them with threads stop their workers, and the process ends by itself", async () => {
    const { report, code, lingered } = await runChild<{ threads: number[]; tasks: number[] | null }>(
      `
      import { existsSync, readdirSync } from "node:fs";
      const tasks = () => (existsSync("/proc/self/task") ? readdirSync("/proc/self/task").length : null);
      const before = tasks(), threads = [];
      for (let i = 0; i < 50; i++) {
        const model = await lib.createModel(${NETWORK}, { inputShape: [16], threads: { force: 2 } });
        model.predict(new Float32Array(16 * 32));
        threads.push(model.info.threads);
      }
      for (let i = 0; i < 100 && tasks() > before + 5; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      report({ threads, tasks: before === null ? null : [before, tasks()] });`,
      ["--expose-gc"],
    );
    expect(code).toBe(0);
    expect(new Set(report.threads)).toEqual(new Set([2]));
    if (report.tasks) expect(report.tasks[1] - report.tasks[0]).toBeLessThanOrEqual(5);
    expect(lingered).toBeLessThan(3000);
  });

  it("one with threads that is kept and works does not keep the process alive either", async () => {
    const { code, lingered } = await runChild<number>(`
      const model = await lib.createModel(${NETWORK}, { inputShape: [16], threads: { force: 3 } });
      globalThis.kept = model;
      report(model.predict(new Float32Array(16 * 32)).shape[0]);`);
    expect(code).toBe(0);
    expect(lingered).toBeLessThan(3000);
  });
});
