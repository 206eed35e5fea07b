// Calls across threads: what is transferred, what is heard on the way, how calls end early.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrayDataset, subset } from "../../../src/faces/data.js";
import {
  ArgumentError,
  createModel,
  crossEntropy,
  DataError,
  FormatError,
  Linear,
  mse,
  ResnetWasmError,
  residualMLP,
  SGD,
  StateDictError,
  type StepEvent,
} from "../../../src/hosts/node/index.js";
import type { WorkerModel } from "../../../src/worker/model.js";
import { createTrainer, type WorkerTrainer } from "../../../src/worker/trainer.js";
import { uniform } from "../../golden/generator.js";
import { blobs } from "../../support/datasets.js";
import { openModel, PROGRAM, rejection, reopenModel } from "./open.js";

const network = residualMLP({ in: 4, width: 16, blocks: 2, out: 3 });
const options = { inputShape: [4] };
const training = { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05 }) };
const dataset = blobs(120);

let model: WorkerModel;
let trainer: WorkerTrainer;
beforeAll(async () => {
  model = await openModel(network, options);
  trainer = await createTrainer(model, training);
});
afterAll(() => model.dispose());

describe("arguments", () => {
  it("are copied, or transferred when the caller says so", async () => {
    const x = uniform("calls/x", 8);
    const expected = await model.predict(x);
    expect(x.length).toBe(8);
    expect(await model.predict(x, { transfer: true })).toEqual(expected);
    expect(x.length).toBe(0);
  });

  it("are copied where they are a part of a buffer", async () => {
    const whole = uniform("calls/whole", 16);
    const expected = await model.predict(whole.slice(4, 12));
    expect(await model.predict(whole.subarray(4, 12), { transfer: true })).toEqual(expected);
    expect(whole.length).toBe(16);
  });

  it("are shared where their memory is", async () => {
    const x = new Float32Array(new SharedArrayBuffer(32));
    x.set(uniform("calls/shared", 8));
    expect(await model.predict(x, { transfer: true })).toEqual(await model.predict(Float32Array.from(x)));
  });

  it("may be bytes of a Buffer", async () => {
    const bytes = await model.save();
    const again = await reopenModel(Buffer.from(bytes));
    expect(await again.save()).toEqual(bytes);
    await again.dispose();
  });
});

describe("datasets", () => {
  const arrays = () => ({ x: new Uint8Array(4 * 40).fill(7), y: new Uint8Array(40), inputShape: [4], classes: 3 });

  it("are sent once and keep their arrays", async () => {
    const own = arrays();
    const data = arrayDataset(own);
    await trainer.fit(data, { epochs: 1 });
    own.x.fill(0); // the worker has its copy
    await trainer.fit(data, { epochs: 1 });
    expect(own.x.length).toBe(160);
    const before = await trainer.evaluate(data);
    expect(before).not.toEqual(await trainer.evaluate(arrayDataset(own)));
  });

  it("lose their arrays with transfer, and say so", async () => {
    const own = arrays();
    const data = arrayDataset(own);
    const part = subset(data, [0, 1, 2]);
    await trainer.fit(data, { transfer: true });
    expect(own.x.length).toBe(0);
    expect((await trainer.evaluate(part)).samples).toBe(3); // the worker still has all
    expect(() => data.get([0], new Float32Array(4), new Int32Array(1))).toThrow(DataError);
    const other = await openModel(network, options);
    const error = await rejection((await createTrainer(other, training)).fit(data));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toBe("fit: dataset expected arrays of this thread, got arrays transferred to another worker");
    await other.dispose();
  });
});

describe("callbacks", () => {
  it("run here, in order, each before the next step", async () => {
    const heard: string[] = [];
    const counts: number[] = [];
    const checkpoint = async ({ step }: StepEvent) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (step === 1) counts.push((await model.stateDict()).size, trainer.stepCount);
      heard.push(`step ${step}`);
    };
    const history = await trainer.fit(dataset, {
      batchSize: 40,
      epochs: 2,
      callbacks: [
        { onStep: checkpoint, onEpoch: ({ epoch }) => void heard.push(`epoch ${epoch}`) },
        { onEnd: ({ stopped }) => void heard.push(stopped) },
      ],
    });
    const epoch = ["step 0", "step 1", "step 2"];
    expect(heard).toEqual([...epoch, "epoch 0", ...epoch, "epoch 1", "finished"]);
    expect(history.losses.length).toBe(6);
    expect(counts[0]).toBeGreaterThan(0);
  });

  it("hear of every step without holding up training", async () => {
    const heard: number[] = [];
    let epochs = 0;
    const slow = {
      onStep: ({ loss }: StepEvent) => void heard.push(loss),
      onEpoch: () => void epochs++,
    };
    const { losses } = await trainer.fit(dataset, {
      epochs: 5,
      batchSize: 8,
      callbacks: [slow],
      waitForCallbacks: false,
    });
    expect(heard).toEqual(losses);
    expect(epochs).toBe(5);
  });

  it.each([true, false])("end the fit with their own error (waitForCallbacks: %s)", async (waitForCallbacks) => {
    const mine = new Error("mine");
    const onStep = ({ step }: StepEvent) => {
      if (step === 2) throw mine;
    };
    const settings = { epochs: 200, batchSize: 8, callbacks: [{ onStep }], waitForCallbacks };
    expect(await rejection(trainer.fit(dataset, settings))).toBe(mine);
    expect((await trainer.fit(dataset, { maxSteps: 1 })).stopped).toBe("maxSteps"); // the trainer is free again
  });

  it("may come from a dataset that fails", async () => {
    const mine = new Error("my file is gone");
    const broken = { ...dataset, prefetch: () => Promise.reject(mine) };
    expect(await rejection(trainer.fit(broken))).toBe(mine);
    expect(await rejection(trainer.evaluate(broken))).toBe(mine);
  });
});

describe("signals", () => {
  it("stop a fit after the step that runs", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    const { stopped, losses } = await trainer.fit(dataset, { epochs: 1e6, signal: controller.signal });
    expect(stopped).toBe("aborted");
    expect(losses.length).toBeGreaterThan(0);
  });

  it("that are aborted already stop it before the first", async () => {
    const fresh = await createTrainer(model, training);
    const { stopped, losses } = await fresh.fit(dataset, { signal: AbortSignal.abort() });
    expect([stopped, losses]).toEqual(["aborted", []]);
  });

  it("end an evaluation with their reason", async () => {
    const reason = new Error("enough");
    expect(await rejection(trainer.evaluate(dataset, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    const controller = new AbortController();
    const slow = { ...dataset, get: dataset.get, prefetch: async () => controller.abort(reason) };
    const evaluation = trainer.evaluate(slow, { batchSize: 1, signal: controller.signal });
    expect(await rejection(evaluation)).toBe(reason);
  });
});

describe("errors", () => {
  it("keep their class and message, and tell where they come from", async () => {
    const local = await createModel(network, options);
    const bad: [string, () => Promise<unknown>, () => unknown][] = [
      ["a shape", () => model.predict(new Float32Array(5)), () => local.predict(new Float32Array(5))],
      [
        "an option",
        () => model.predict(uniform("e", 4), { batch: 1 } as never),
        () => local.predict(uniform("e", 4), { batch: 1 } as never),
      ],
      ["an order", () => model.backward(uniform("e", 3)), () => local.backward(uniform("e", 3))],
      ["weights", () => model.loadStateDict({}), () => local.loadStateDict({})],
      ["a pattern", () => model.freeze("nowhere"), () => null],
    ];
    for (const [name, there, here] of bad) {
      const error = await rejection(there());
      expect(error, name).toBeInstanceOf(ResnetWasmError);
      expect(error.stack, name).toContain("in the worker");
      try {
        here();
      } catch (expected) {
        expect([error.constructor, error.message], name).toEqual([
          (expected as Error).constructor,
          (expected as Error).message,
        ]);
      }
    }
    expect(await rejection(model.loadStateDict({}))).toBeInstanceOf(StateDictError);
    expect(await rejection(reopenModel(new Uint8Array(9)))).toBeInstanceOf(FormatError);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["a network that is none", () => openModel({} as never, options), /createModel: network expected a layer/],
    ["options that are none", () => openModel(network, null as never), /createModel: inputShape expected/],
    ["an unknown option", () => openModel(network, { ...options, seeds: 1 } as never), /createModel: option expected/],
    [
      "a model of this thread",
      async () => createTrainer((await createModel(network, options)) as never, training),
      /createTrainer: model expected/,
    ],
    [
      "a loss of one's own",
      () => createTrainer(model, { ...training, loss: { record() {} } as never }),
      /createTrainer: loss expected/,
    ],
    [
      "an optimiser unknown there",
      () => createTrainer(model, { ...training, optimizer: { toJSON: () => ({ type: "Sophia" }) } as never }),
      /optimizer type expected "SGD" or "Adam"/,
    ],
    [
      "something that cannot be posted",
      () => model.predict((() => {}) as never),
      /predict: arguments expected data that a worker can be sent/,
    ],
    ["callbacks that are none", () => trainer.fit(dataset, { callbacks: {} as never }), /fit: callbacks expected/],
    ["a signal that is none", () => trainer.fit(dataset, { signal: 1 as never }), /fit: signal expected/],
  ])("refuses %s", async (_, call, message) => {
    const error = await rejection(call());
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(message);
  });

  it("refuses datasets that are none, or do not fit", async () => {
    expect(await rejection(trainer.fit({} as never))).toBeInstanceOf(DataError);
    const other = await createTrainer(model, { ...training, loss: mse() });
    expect((await rejection(other.fit(dataset))).message).toMatch(/dataset.targets expected values for mse/);
    expect(await rejection(trainer.fit(dataset, { validation: { ...dataset, length: 0 } }))).toBeInstanceOf(DataError);
  });
});

describe("a worker of one's own", () => {
  it("may come from a function", async () => {
    const own = await openModel(network, { ...options, worker: () => new Worker(PROGRAM) });
    expect(await own.save()).toEqual(await (await createModel(network, options)).save());
    await own.dispose();
  });
});

it.skipIf(availableParallelism() < 2)("tell when the model has come to run on more threads", async () => {
  const wide = await openModel(new Linear(256, 512), { inputShape: [256] });
  expect(wide.info).toMatchObject({ threads: 1, why: expect.stringMatching(/the network is small/) });
  const { info } = wide;
  const x = { data: uniform("calls/wide", 256 * 512), shape: [512, 256] };
  for (const end = Date.now() + 20_000; Date.now() < end && info.threads === 1; ) await wide.predict(x);
  expect(info.threads).toBeGreaterThan(1);
  expect(info.why).toMatch(/threads since steps are long/);
  await wide.dispose();
});
