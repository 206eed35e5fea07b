// Threads that run one program after the other: many short programs of several plans in turn, and programs that a guard stops.
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../../src/hosts/node/host.js";
import {
  Adam,
  BatchNorm1d,
  createModel,
  createTrainer,
  crossEntropy,
  Dropout,
  Linear,
  type Model,
  type ModelOptions,
  NumericError,
  ReLU,
  Residual,
  Sequential,
} from "../../../src/hosts/node/index.js";
import { modelCreator } from "../../../src/model/create.js";
import { compileKernels } from "../../../src/runtime/kernels.js";
import { uniform } from "../../golden/generator.js";
import { build, weightBits } from "../../support/setups.js";

const network = new Sequential(
  new Linear(11, 24),
  new BatchNorm1d(24),
  new ReLU(),
  new Residual(new Sequential(new Linear(24, 24), new ReLU(), new Dropout(0.2), new Linear(24, 24)), {
    activation: new ReLU(),
  }),
  new Linear(24, 3),
);
const x = uniform("threads/x", 11 * 40);
const labels = Array.from({ length: 40 }, (_, i) => i % 3);

/** Predictions and steps at different batch sizes, so that nearly every program is another one than the one before. */
function work(model: Model, rounds: number): number[] {
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new Adam({ lr: 1e-3 }), ema: 0.9 });
  const seen: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const n = 2 + ((i * 7) % 38);
    seen.push(trainer.step(x.subarray(0, 11 * n), labels.slice(0, n)).loss);
    seen.push(model.predict(x.subarray(0, 11 * (1 + (i % 3)))).data[0]);
    if (i % 20 === 0)
      expect(() =>
        trainer.step(
          x.subarray(0, 11 * n).map(() => NaN),
          labels.slice(0, n),
        ),
      ).toThrow(NumericError);
    seen.push(model.forward(x).data[1]);
    seen.push(model.backward(uniform("threads/dy", 3 * 40)).data[2]);
  }
  return seen;
}

describe("threads in turn", () => {
  it.each([2, 3])("%d threads give the bits of one in hundreds of programs", async (threads) => {
    const [one, several] = [await build(network, [11]), await build(network, [11], { threads, relaxedSimd: false })];
    expect(work(several, 60)).toEqual(work(one, 60));
    expect(weightBits(several)).toBe(weightBits(one));
    one.dispose();
    several.dispose();
  });
});

it("work on short steps where they are forced to, and else on long ones only", async () => {
  const [short, long] = [1000, 1e7]; // multiply-adds
  const threadsOf = async (threads: ModelOptions["threads"]) => {
    const model = await createModel(network, { inputShape: [11], threads });
    const { executor } = model.engine;
    const result = [executor.threadsFor(short), executor.threadsFor(long), model.info.why.split(": ").at(-1)];
    model.dispose();
    return result;
  };
  expect(await threadsOf(2)).toEqual([1, 2, "as asked"]);
  expect(await threadsOf({ force: 2 })).toEqual([2, 2, "as asked, in every step"]);
  expect(await threadsOf({ force: 1 })).toEqual([1, 1, "as asked"]);
});

it("ask for the machine's cores where their number is left open, and nowhere else", async () => {
  let asked = 0;
  const cores = async () => ++asked;
  const create = modelCreator({ ...nodeHost, cores }, compileKernels);
  for (const threads of [1, 2, { force: 2 }]) (await create(network, { inputShape: [11], threads })).dispose();
  expect(asked).toBe(0);
  for (const threads of ["auto", undefined] as const)
    (await create(network, { inputShape: [11], ...(threads && { threads }) })).dispose();
  expect(asked).toBe(2);
});

describe("for a small network", async () => {
  const wide = new Sequential(new Linear(128, 256), new ReLU(), new Linear(256, 128));
  const cores = await nodeHost.cores();
  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

  async function predictUntil(model: Model, done: () => boolean): Promise<number[]> {
    const batch = uniform("threads/batch", 128 * 256);
    const seen: number[] = [];
    for (const end = Date.now() + 20_000; Date.now() < end && !done(); await pause())
      seen.push(model.predict({ data: batch, shape: [256, 128] }).data[77]);
    return seen;
  }

  it.skipIf(cores < 2)("start when work comes that pays, between two steps, and change no bit", async () => {
    const model = await createModel(wide, { inputShape: [128] });
    expect(model.info).toMatchObject({ threads: 1, why: expect.stringMatching(/the network is small/) });
    const { executor } = model.engine;
    // Single samples do not pay, however many.
    for (let i = 0; i < 2000; i++) model.predict(new Float32Array(128));
    await pause();
    expect(executor.startPool).toBeDefined();
    model.predict({ data: uniform("threads/batch", 128 * 256), shape: [256, 128] });
    const before = executor.memory.memory.buffer.byteLength;
    const seen = await predictUntil(model, () => executor.pool !== null);
    expect(model.info).toMatchObject({ threads: cores, why: expect.stringMatching(/threads since steps are long/) });
    for (let i = 0; i < 20; i++)
      seen.push(model.predict({ data: uniform("threads/batch", 128 * 256), shape: [256, 128] }).data[77]);
    expect(new Set(seen).size).toBe(1);
    expect(executor.memory.memory.buffer.byteLength).toBe(before);
    model.dispose();
  });

  it.skipIf(cores < 2)("end where they start after dispose", async () => {
    let ended = 0;
    const startThread: typeof nodeHost.startThread = async (...given) => {
      const handle = await nodeHost.startThread(...given);
      return { ...handle, terminate: () => void [ended++, handle.terminate()] };
    };
    const model = await modelCreator({ ...nodeHost, startThread }, compileKernels)(wide, { inputShape: [128] });
    const { executor } = model.engine;
    while (executor.startPool) model.predict(new Float32Array(128 * 256));
    model.dispose();
    for (const end = Date.now() + 10_000; Date.now() < end && ended < cores - 1; ) await pause();
    expect(ended).toBe(cores - 1);
  });

  it.skipIf(cores < 2)("leave it on one thread where they do not start, and say so", async () => {
    const startThread = () => Promise.reject(new Error("no more of them"));
    const model = await modelCreator({ ...nodeHost, startThread }, compileKernels)(wide, { inputShape: [128] });
    await predictUntil(model, () => model.info.why.includes("no more of them"));
    expect(model.info).toMatchObject({ threads: 1, why: expect.stringMatching(/no worker started: no more of them$/) });
    model.dispose();
  });
});

it("many of them are ended, by dispose or by the death of one, without a warning", async () => {
  const warnings: string[] = [];
  const hear = ({ message }: Error) => warnings.push(message);
  process.on("warning", hear);
  const model = await createModel(network, { inputShape: [11], threads: { force: 16 } });
  model.predict(new Float32Array(11));
  model.dispose();
  const { executor } = (await createModel(network, { inputShape: [11], threads: { force: 16 } })).engine;
  executor.pool?.fail(new Error("one of them died"));
  await new Promise((resolve) => setTimeout(resolve, 500));
  process.off("warning", hear);
  expect(warnings).toEqual([]);
});
