// Predictions in a worker hear a signal between their batches, and have the bits of the main entry.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AdaptiveAvgPool2d,
  Conv2d,
  createModel,
  Flatten,
  type Model,
  Sequential,
  ShapeError,
} from "../../../src/hosts/node/index.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { uniform } from "../../golden/generator.js";
import { image } from "../../unit/data/picture.js";
import { openModel } from "./open.js";

const network = () =>
  new Sequential(
    new Conv2d(3, 64, { kernelSize: 7, padding: 3 }),
    new Conv2d(64, 4, { kernelSize: 3 }),
    new AdaptiveAvgPool2d(1),
    new Flatten(),
  );
const options = { inputShape: [32, 32, 3], seed: 2 };
const samples = 40;
const x = uniform("stopping/x", samples * 3072);

let here: Model;
let there: WorkerModel;
beforeAll(async () => {
  here = await createModel(network(), { ...options, relaxedSimd: false });
  there = await openModel(network(), options);
});
afterAll(() => there.dispose());

/** The time until a promise settles, from now. */
async function settled(promise: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await promise.catch(() => {});
  return performance.now() - start;
}

describe("predict", () => {
  it("has the bits of the main entry, whatever the batch and the kind of numbers", async () => {
    const bytes = Uint8Array.from({ length: 7 * 3072 }, (_, i) => (i * 31) % 256);
    for (const given of [x, bytes, { data: x, shape: [samples, 32, 32, 3] }])
      for (const batchSize of [undefined, 1, 3, 64])
        expect(await there.predict(given, { batchSize })).toEqual(here.predict(given, { batchSize }));
    await expect(there.predict(new Float32Array(5))).rejects.toThrow(ShapeError);
    await expect(there.predict(x, { batchSize: 0 })).rejects.toThrow(/batchSize/);
  });

  it("stops at a signal between two batches, with its reason", async () => {
    const long = Float32Array.from({ length: 20 * x.length }, (_, i) => x[i % x.length]);
    const whole = await settled(there.predict(long, { batchSize: 1 }));
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), whole / 8);
    const stopping = there.predict(long, { batchSize: 1, signal: controller.signal });
    const took = settled(stopping);
    await expect(stopping).rejects.toBe(reason);
    expect(await took).toBeLessThan(0.8 * whole);
    await expect(there.predict(x, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(there.predict(x, { signal: "soon" } as never)).rejects.toThrow(/signal expected/);
    expect(await there.predict(x)).toEqual(here.predict(x)); // the next one is whole
  });
});

describe("classify", () => {
  it("stops between two pictures, here and in the worker", async () => {
    const pictures = Array.from({ length: 40 }, () => image(32, 32, 3));
    for (const model of [here, there]) {
      const reason = new Error("enough");
      await expect(model.classify(pictures, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect((await model.classify(pictures, { signal: new AbortController().signal })).length).toBe(40);
      await expect(model.classify(pictures, { signal: 1 } as never)).rejects.toThrow(/signal expected/);
    }
  });

  it("stops a long list in the worker while it is at work", async () => {
    const pictures = Array.from({ length: 400 }, () => image(32, 32, 3));
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 20);
    await expect(there.classify(pictures, { signal: controller.signal })).rejects.toBe(reason);
  });
});
