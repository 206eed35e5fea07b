// Model files and checkpoints with anything in them changed: they load, or are refused with a typed error, soon.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Adam,
  build,
  cifarResNet,
  createTrainer,
  crossEntropy,
  type Layer,
  Linear,
  loadModel,
  Residual,
  ResnetWasmError,
  readSafetensors,
  residualMLP,
  tabularResNet,
  writeSafetensors,
} from "../../support/stubbed.js";
import { weightBits } from "../../support/weights.js";

const RUNS = { seed: 1512, numRuns: 300 };
const scalars = fc.constantFrom<unknown>(
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  1e300,
  "",
  "Linear",
  "__proto__",
  [],
  {},
  [[]],
  { type: "Linear", args: [] },
  { type: "Sequential", args: [{}] },
);

type Tree = Record<string, unknown>;
type How = "replace" | "remove" | "double";

/** The ways from the root to every value. */
function paths(node: unknown): string[][] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => [[key], ...paths(value).map((path) => [key, ...path])]);
}

/** The JSON with the value at one place replaced, removed or, in arrays, doubled. */
function mutate(json: Tree, place: number, value: unknown, how: How): Tree {
  const copy = structuredClone(json);
  const all = paths(copy);
  const path = all[place % all.length];
  const parent = path.slice(0, -1).reduce((node, key) => node[key] as Tree, copy);
  const key = path[path.length - 1];
  if (how === "replace") parent[key] = value;
  else if (!Array.isArray(parent)) delete parent[key];
  else parent.splice(Number(key), how === "remove" ? 1 : 0, ...(how === "double" ? [parent[Number(key)]] : []));
  return copy;
}

const mutations = fc.record({
  place: fc.nat(10_000),
  value: scalars,
  how: fc.constantFrom<How>("replace", "remove", "double"),
});

/** Resolves to what came out: a value, or a typed error. Any other error fails. */
async function outcome<T>(call: () => Promise<T>): Promise<T | ResnetWasmError> {
  const started = performance.now();
  const result = await call().catch((error: unknown) => {
    if (error instanceof ResnetWasmError) return error;
    throw error;
  });
  expect(performance.now() - started).toBeLessThan(5000);
  return result;
}

const networks: Record<string, [Layer, number[]]> = {
  tabularResNet: [tabularResNet({ in: 3, out: 2, d: 4, blocks: 1 }), [3]],
  residualMLP: [residualMLP({ in: 3, width: 4, blocks: 1, out: 2, norm: "layer", dropout: 0.1 }), [3]],
  "a projection": [new Residual(new Linear(3, 5), { shortcut: "projection" }), [3]],
  cifarResNet: [cifarResNet(8), [8, 8, 3]],
};

describe.each(Object.entries(networks))("the model file of %s", (_, [network, inputShape]) => {
  it("with a changed architecture", async () => {
    const model = await build(network, inputShape);
    const { tensors, metadata } = readSafetensors(await model.save());
    const json = JSON.parse(metadata["resnet-wasm"]);
    let refused = 0;
    const check = async ({
      place,
      value,
      how,
    }: {
      place: number;
      value: unknown;
      how: "replace" | "remove" | "double";
    }) => {
      const text = JSON.stringify(mutate(json, place, value, how));
      const bytes = writeSafetensors(tensors, { metadata: { "resnet-wasm": text } });
      const loaded = await outcome(() => loadModel(bytes, { relaxedSimd: false }));
      if (loaded instanceof ResnetWasmError) {
        refused++;
        return;
      }
      expect(loaded.stateDict().size).toBe(model.stateDict().size);
      loaded.dispose();
    };
    await fc.assert(fc.asyncProperty(mutations, check), RUNS);
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThan(300);
  });
});

describe("checkpoints", () => {
  it("with changed counters", async () => {
    const model = await build(networks.residualMLP[0], [3]);
    const make = () => createTrainer(model, { loss: crossEntropy(), optimizer: new Adam(), ema: 0.9 });
    const trainer = make();
    const dataset = {
      length: 9,
      inputShape: [3],
      targets: "class" as const,
      classes: 2,
      get: (_: ArrayLike<number>, x: Float32Array, y: Float32Array | Int32Array) => {
        x.fill(0.5);
        y.fill(1);
      },
    };
    await trainer.fit(dataset, { batchSize: 2, maxSteps: 3 });
    const { tensors, metadata } = readSafetensors(await trainer.save());
    const json = JSON.parse(metadata["resnet-wasm-trainer"]);
    await fc.assert(
      fc.asyncProperty(mutations, async ({ place, value, how }) => {
        const bytes = writeSafetensors(tensors, {
          metadata: { "resnet-wasm-trainer": JSON.stringify(mutate(json, place, value, how)) },
        });
        const other = make();
        const before = weightBits(model);
        const result = await outcome(() => other.load(bytes));
        if (result instanceof ResnetWasmError) {
          expect(weightBits(model)).toBe(before);
          return;
        }
        const fitted = await outcome(() => other.fit(dataset, { batchSize: 2, maxSteps: 2 }));
        if (fitted instanceof ResnetWasmError) expect(fitted.message).toMatch(/those of the fit in the checkpoint/);
        else expect(fitted.losses.every(Number.isFinite)).toBe(true);
      }),
      RUNS,
    );
  });

  it("and models with a changed byte", async () => {
    const model = await build(networks.residualMLP[0], [3]);
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new Adam() });
    const files = [await model.save(), await trainer.save()];
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), async (place, byte, second) => {
        const bytes = files[Number(second)].slice();
        bytes[place % (place % 3 === 0 ? bytes.length : 2000)] = byte;
        const result = await outcome<unknown>(() =>
          second ? trainer.load(bytes) : loadModel(bytes, { relaxedSimd: false }),
        );
        if (result && "dispose" in (result as object)) (result as { dispose(): void }).dispose();
      }),
      { ...RUNS, numRuns: 500 },
    );
  });
});
