// What a hostile or hasty caller may pass to a model. Every call must end in a typed error that names both values, leave
// the weights as they are, and leave the model able to go on with the right numbers.
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ArgumentError,
  BatchNorm1d,
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  GELU,
  type Layer,
  Linear,
  type Model,
  mse,
  NumericError,
  ReLU,
  Residual,
  ResnetWasmError,
  RuntimeSupportError,
  residualMLP,
  Sequential,
  SGD,
  ShapeError,
  StateDictError,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { build, weightBits } from "../../support/setups.js";

const CLASSIC = new URL("../../../dist/kernels/classic-simd.wasm", import.meta.url);

type Loose = (...args: unknown[]) => unknown;
type Refusal = [name: string, call: (model: Model) => unknown, kind: new (message?: string) => Error, message: RegExp];

const network = residualMLP({ in: 4, width: 8, blocks: 1, out: 3 });
const x = uniform("bad/x", 8);
const loose = (f: unknown): Loose => f as Loose;
function train(model: Model, labels: unknown): unknown {
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0 }) });
  return loose(trainer.step).call(trainer, x, labels);
}

const call =
  (name: keyof Model, ...args: unknown[]) =>
  (model: Model) =>
    (model[name] as Loose).apply(model, args);

const inputs: Refusal[] = [
  ["too few numbers", call("predict", x.subarray(1)), ShapeError, /predict: input expected \[n, 4\].*got 7 numbers/],
  ["no numbers", call("predict", new Float32Array(0)), ShapeError, /got 0 numbers/],
  ["an empty array", call("predict", []), ShapeError, /empty/],
  ["nothing", call("predict"), ShapeError, /got undefined/],
  ["null", call("forward", null), ShapeError, /forward: input expected .* got null/],
  ["a string", call("predict", "1234"), ShapeError, /got "1234"/],
  ["strings", call("predict", ["1", "2", "3", "4"]), ShapeError, /input expected/],
  ["a hole", call("predict", [1, undefined, 3, 4]), ShapeError, /undefined/],
  ["big integers", call("predict", new BigInt64Array(4)), ShapeError, /BigInt64Array\(4\)/],
  ["bytes without a kind", call("predict", new ArrayBuffer(16)), ShapeError, /ArrayBuffer/],
  [
    "ragged rows",
    call("predict", [
      [1, 2, 3, 4],
      [1, 2, 3],
    ]),
    ShapeError,
    /ragged/,
  ],
  ["rows too short", call("predict", [[1, 2, 3]]), ShapeError, /got \[1, 3\]/],
  ["rows too deep", call("predict", [[[1, 2, 3, 4]]]), ShapeError, /got \[1, 1, 4\]/],
  [
    "a shape that is not the data's",
    call("predict", { data: x, shape: [3, 4] }),
    ShapeError,
    /8 numbers for shape \[3, 4\]/,
  ],
  ["a foreign shape", call("predict", { data: x, shape: [4, 2] }), ShapeError, /got \[4, 2\]/],
  ["a negative batch", call("predict", { data: x, shape: [-2, 4] }), ShapeError, /got \[-2, 4\]/],
  ["a broken batch", call("predict", { data: x, shape: [1.5, 4] }), ShapeError, /got \[1.5, 4\]/],
  ["no data", call("predict", { shape: [2, 4] }), ShapeError, /input expected/],
  ["data of words", call("predict", { data: ["a", 1, 2, 3], shape: [1, 4] }), ShapeError, /input expected/],
  ["an unknown option", call("predict", x, { batch: 1 }), ArgumentError, /option expected batchSize, got "batch"/],
  [
    "batch size 0",
    call("predict", x, { batchSize: 0 }),
    ArgumentError,
    /batchSize expected an integer of at least 1, got 0/,
  ],
  ["options that are none", call("predict", x, 5), ArgumentError, /options expected an object, got 5/],
  ["training: 1", call("forward", x, { training: 1 }), ArgumentError, /training expected true or false, got 1/],
  ["memory for no batch", call("memoryPlan", { batchSize: 0 }), ArgumentError, /batchSize .* got 0/],
];

const backwards: Refusal[] = [
  [
    "backward without forward",
    call("backward", [1, 1, 1]),
    ResnetWasmError,
    /directly after forward, got nothing kept/,
  ],
  [
    "a gradient of another batch",
    (model) => model.forward(x) && model.backward([1, 2, 3]),
    ArgumentError,
    /batch size expected 2, got 1/,
  ],
  [
    "a gradient that is none",
    (model) => model.forward(x) && model.backward([1, 2]),
    ShapeError,
    /dy expected \[n, 3\].* got 2 numbers/,
  ],
  ["gradients before any", (model) => model.gradients(), ResnetWasmError, /gradients: call expected after backward/],
];

const labels: Refusal[] = [
  ["no labels", (model) => train(model, undefined), ShapeError, /labels expected .* got undefined/],
  ["one number", (model) => train(model, 1), ShapeError, /labels expected .* got 1/],
  ["a string", (model) => train(model, "01"), ShapeError, /labels expected .* got/],
  ["too few", (model) => train(model, [0]), ShapeError, /2 indices or 6 values for outputs of \[2, 3\], got 1 numbers/],
  ["none", (model) => train(model, []), ShapeError, /got 0 numbers/],
  ["a class too many", (model) => train(model, [0, 3]), DataError, /labels\[1\] expected a class from 0 to 2, got 3/],
  ["a negative class", (model) => train(model, [-1, 0]), DataError, /labels\[0\] expected a class from 0 to 2, got -1/],
  ["half a class", (model) => train(model, [0.5, 0]), DataError, /got 0.5/],
  ["NaN", (model) => train(model, Float32Array.of(0, NaN)), DataError, /labels\[1\] .* got NaN/],
  ["big integers", (model) => train(model, [0n, 1n]), DataError, /got 0n/],
  [
    "ragged rows",
    (model) =>
      train(model, [
        [0.5, 0.5, 0, 0],
        [1, 0],
      ]),
    ShapeError,
    /rows of equal length/,
  ],
  ["a foreign shape", (model) => train(model, { data: [0, 1], shape: [7] }), ShapeError, /labels expected/],
  ["data without a shape", (model) => train(model, { data: [0, 1] }), ShapeError, /labels expected/],
  [
    "NaN among probabilities",
    (model) =>
      train(model, [
        [NaN, 1, 0],
        [1, 0, 0],
      ]),
    DataError,
    /labels\[0\] expected a finite number, got NaN/,
  ],
];

const states: Refusal[] = [
  ["no state", call("loadStateDict"), ArgumentError, /state expected a Map or a record of tensors, got undefined/],
  [
    "a null tensor",
    call("loadStateDict", { "0.weight": null }, { strict: false }),
    StateDictError,
    /0\.weight expected \[8, 4\], got no shape/,
  ],
  [
    "a wrong shape",
    call("loadStateDict", { "0.bias": { data: [1, 2], shape: [2] } }, { strict: false }),
    StateDictError,
    /0\.bias expected \[8\], got \[2\]/,
  ],
  [
    "words",
    call("loadStateDict", { "0.bias": { data: "12345678", shape: [8] } }, { strict: false }),
    StateDictError,
    /0\.bias expected \[8\], got \[8\] with "12345678"/,
  ],
  [
    "big integers",
    call("loadStateDict", { "0.bias": { data: new BigInt64Array(8), shape: [8] } }, { strict: false }),
    StateDictError,
    /BigInt64Array\(8\)/,
  ],
  ["an unknown option", call("loadStateDict", {}, { Strict: false }), ArgumentError, /got "Strict"/],
  [
    "rename that is no function",
    call("loadStateDict", {}, { rename: "x" }),
    ArgumentError,
    /rename expected a function, got "x"/,
  ],
];

describe.each([
  ["inputs", inputs],
  ["backward", backwards],
  ["labels", labels],
  ["state dicts", states],
] as const)("%s", (_, refusals) => {
  let model: Model;
  let untouched: Model;
  beforeEach(async () => {
    [model, untouched] = [await build(network, [4]), await build(network, [4])];
  });
  afterEach(() => {
    model.dispose();
    untouched.dispose();
  });

  it.each(refusals.map(([name, ...rest]) => [name, rest] as const))("%s", (_name, [misuse, kind, message]) => {
    const before = weightBits(model);
    let error: unknown;
    try {
      misuse(model);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(kind);
    expect(error).toBeInstanceOf(ResnetWasmError);
    expect((error as Error).message).toMatch(message);
    expect(weightBits(model)).toBe(before);
    expectGoodStep(model, untouched);
  });
});

/** A step of both models gives the same loss, weights and predictions, to the bit. */
function expectGoodStep(model: Model, untouched: Model): void {
  const [first, second] = [model, untouched].map((each) => {
    const { loss } = createTrainer(each, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) }).step(
      x,
      [0, 2],
    );
    return [loss, weightBits(each), ...each.predict(x).data];
  });
  expect(first[0]).toBeGreaterThan(0);
  expect(first).toEqual(second);
}

describe("numbers that are not finite", () => {
  it("in the input or the targets of a step leave weights and running statistics alone", async () => {
    const withNorm = new Sequential(new Linear(4, 8), new BatchNorm1d(8), new ReLU(), new Linear(8, 3));
    const [model, untouched] = [await build(withNorm, [4]), await build(withNorm, [4])];
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
    const before = weightBits(model);
    const broken = x.slice();
    broken[5] = Infinity;
    expect(() => trainer.step(broken, [0, 1])).toThrow(NumericError);
    expect(weightBits(model)).toBe(before);
    expectGoodStep(model, untouched);
  });
});

describe("networks that do not fit together", () => {
  const refusals: [string, () => Promise<unknown> | unknown, new (message?: string) => Error, RegExp][] = [
    [
      "a layer deep inside",
      () => make(new Sequential(new Residual(new Sequential(new Linear(4, 3), new Linear(4, 4))))),
      ShapeError,
      /0\.main\.1: input expected \[n, \.\.\., 4\], got \[1, 3\]/,
    ],
    [
      "a skip over another width",
      () => make(new Sequential(new Linear(4, 4), new Residual(new Linear(4, 3)))),
      ShapeError,
      /1: shortcut expected .*\[1, 3\], got \[1, 4\]\. Use shortcut: "projection"/,
    ],
    [
      "an input that is not the first layer's",
      () => make(new Linear(5, 3)),
      ShapeError,
      /input expected \[n, \.\.\., 5\], got \[1, 4\]/,
    ],
    ["no network", () => make(undefined), ArgumentError, /network expected a layer, got undefined/],
    ["no input shape", () => loose(createModel)(new Linear(4, 3)), ArgumentError, /inputShape .* got undefined/],
    ["an empty input shape", () => make(new Linear(4, 3), { inputShape: [] }), ArgumentError, /inputShape/],
    ["a size of 0", () => make(new Linear(4, 3), { inputShape: [0] }), ArgumentError, /inputShape .* got \[0\]/],
    [
      "an unknown option",
      () => make(new Linear(4, 3), { Seed: 1 }),
      ArgumentError,
      /option expected inputShape, .* got "Seed"/,
    ],
    ["a negative seed", () => make(new Linear(4, 3), { seed: -1 }), ArgumentError, /seed .* got -1/],
    ["no threads", () => make(new Linear(4, 3), { threads: 0 }), ArgumentError, /threads .* from 1 to 64, got 0/],
    [
      "half a thread in every step",
      () => make(new Linear(4, 3), { threads: { force: 0.5 } }),
      ArgumentError,
      /createModel: threads\.force .* from 1 to 64, got 0\.5/,
    ],
    [
      "a module that is none",
      () => make(new Linear(4, 3), { wasm: {} }),
      ArgumentError,
      /wasm expected a WebAssembly.Module/,
    ],
    [
      "kernels of its own without those that it needs",
      () => make(new Sequential(new Linear(4, 3), new GELU()), { wasm: readFileSync(CLASSIC) }),
      RuntimeSupportError,
      /createModel: wasm expected the kernels of the group "further", got those of "classic"/,
    ],
    ["more weights than 4 GB", () => make(new Linear(4, 2 ** 30)), ResnetWasmError, /4294967296 bytes.* got \d+ bytes/],
  ];
  const make = (layer: unknown, options = {}) => createModel(layer as Layer, { inputShape: [4], ...options });

  it.each(refusals)("%s", async (_, misuse, kind, message) => {
    const error = await (async () => misuse())().catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
  });

  it("a batch of one for BatchNorm in training", async () => {
    const model = await build(new Sequential(new Linear(4, 8), new BatchNorm1d(8)), [4]);
    const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.1 }) });
    expect(() => trainer.step(x.subarray(4), new Float32Array(8))).toThrow(
      /1: values per channel expected more than 1 when training, got 1/,
    );
    expect(trainer.step(x, new Float32Array(16)).loss).toBeGreaterThan(0);
  });
});
