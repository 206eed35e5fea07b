// What `save` writes, `loadModel` reads: what it would not is refused when the model is made, with the path.
import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  createModel,
  Identity,
  type Layer,
  Linear,
  loadModel,
  ReLU,
  residualMLP,
  Sequential,
} from "../../../src/hosts/node/index.js";

const plain = { relaxedSimd: false, threads: 1 } as const;
const make = (transform: unknown, network: Layer = new Linear(2, 2)) =>
  createModel(network, { inputShape: [2], transform, ...plain });

/** Layers in one another. */
function nested(depth: number): Layer {
  let layer: Layer = new Linear(2, 2);
  for (let i = 0; i < depth; i++) layer = new Sequential(layer, new ReLU());
  return layer;
}

const inside = (levels: number): unknown => (levels === 0 ? 1 : [inside(levels - 1)]);
const circle: Record<string, unknown> = {};
circle.self = circle;

describe("a transform", () => {
  it.each<[string, unknown]>([
    ["a long list of categories", { categories: Array.from({ length: 200_000 }, (_, i) => `category "${i}"`) }],
    ["quantile tables", { columns: Array.from({ length: 300 }, () => Array.from({ length: 1000 }, Math.random)) }],
    ["levels", { a: inside(60) }],
    ["what has toJSON", { fitted: { toJSON: () => ({ mean: [0.1] }) }, at: new Date(0) }],
    ["nothing", null],
    ["numbers at their ends", [Number.MAX_VALUE, Number.MIN_VALUE, 0.1 + 0.2]],
  ])("comes back as it was: %s", async (_, transform) => {
    const model = await make(transform);
    const back = await loadModel(await model.save(), plain);
    expect(back.transform).toEqual(JSON.parse(JSON.stringify(transform)));
  });

  it.each<[string, unknown, string]>([
    ["NaN", { mean: [0, Number.NaN] }, "transform.mean[1] expected a finite number, got NaN"],
    ["infinity", { columns: [{ max: Infinity }] }, "transform.columns[0].max expected a finite number, got Infinity"],
    ["a typed array", { std: new Float32Array(3) }, "transform.std expected what JSON keeps"],
    ["another typed array", [new Uint8Array(1)], "Array.from(values) makes an array of it"],
    ["a map", { names: new Map() }, "transform.names expected what JSON keeps"],
    ["a function", { apply: () => 1 }, "transform.apply expected what JSON keeps"],
    ["a bigint", { n: 1n }, "transform.n expected what JSON keeps"],
    ["a hole", { list: new Array(2) }, "transform.list[0] expected a value, got undefined"],
    ["a circle", circle, "at most 64 levels"],
    ["too much", { text: "x".repeat(2 ** 25) }, "at most 33554432 characters as JSON"],
  ])("is refused when the model is made, loaded or saved: %s", async (_, transform, message) => {
    const model = await make(undefined);
    const bytes = await model.save();
    model.transform = transform;
    for (const attempt of [make(transform), loadModel(bytes, { transform, ...plain }), model.save()]) {
      const error = await attempt.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ArgumentError);
      expect((error as Error).message).toContain(message);
    }
  });
});

describe("a network", () => {
  it.each([70, 250])("of %i levels comes back", async (depth) => {
    const model = await make(undefined, nested(depth));
    const back = await loadModel(await model.save(), plain);
    expect(back.predict([1, 2]).data).toEqual(model.predict([1, 2]).data);
  });

  it.each<[string, () => Layer, RegExp]>([
    ["deep", () => nested(300), /createModel: network: .*at most 256 levels/],
    ["very deep", () => nested(20_000), /createModel: network: /],
    [
      "long",
      () => new Sequential(...Array.from({ length: 60_000 }, () => new Identity())),
      /at most 1048576 characters/,
    ],
    [
      "of thousands of blocks",
      () => residualMLP({ in: 2, width: 2, blocks: 8000, out: 2 }),
      /at most 1048576 characters/,
    ],
  ])("that would not is refused before it is trained: %s", async (_, network, message) => {
    const error = await make(undefined, network()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as Error).message).toMatch(message);
  });
});
