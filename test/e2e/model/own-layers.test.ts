// Layers of one's own, by the public verbs alone: names, starts, layouts, gradients, files.
import { describe, expect, it } from "vitest";
import {
  type ActivationKind,
  ArgumentError,
  BatchNorm2d,
  type Builder,
  Conv2d,
  concat,
  conv2d,
  createModel,
  freeze,
  gradcheck,
  Layer,
  Linear,
  loadModel,
  pad,
  registerLayer,
  Sequential,
  ShapeError,
  slice,
  transpose,
  type ValueId,
} from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { build, setups } from "../../support/setups.js";

/** A layer that records what it is given. */
class Own extends Layer {
  readonly type = "Own";
  constructor(readonly recording: (b: Builder, x: ValueId) => ValueId) {
    super();
  }
  protected args() {
    return [];
  }
  protected record(b: Builder, x: ValueId) {
    return this.recording(b, x);
  }
}

const own = (recording: (b: Builder, x: ValueId) => ValueId) => new Own(recording);

describe("every verb", () => {
  const kinds: ActivationKind[] = ["relu", "gelu", "geluTanh", "silu", "sigmoid", "tanh", "hardswish", "relu6", "mish"];
  const verbs: Record<string, [inputShape: number[], Layer]> = {
    ...Object.fromEntries(kinds.map((kind) => [kind, [[4], own((b, x) => b.activation(x, kind))]])),
    leakyRelu: [[4], own((b, x) => b.activation(x, "leakyRelu", 0.2))],
    elu: [[4], own((b, x) => b.activation(x, "elu", 0.7))],
    "relu, add, linear": [
      [4],
      own((b, x) => b.add(b.relu(x), b.linear(x, b.parameter("w", [4, 4], { init: "default" })))),
    ],
    "linear with bias": [
      [3, 4],
      own((b, x) => b.linear(x, b.parameter("w", [5, 4], { init: "he" }), b.parameter("b", [5], { init: 0.5 }))),
    ],
    softmax: [[5], own((b, x) => b.softmax(x))],
    logSoftmax: [[5], own((b, x) => b.logSoftmax(x))],
    dropout: [[5], own((b, x) => b.dropout(x, 0.5))],
    "mean, scaleChannels": [[4, 3, 5], own((b, x) => b.scaleChannels(x, b.activation(b.mean(x), "sigmoid")))],
    adaptiveAvgPool2d: [[5, 4, 3], own((b, x) => b.adaptiveAvgPool2d(x, [2, 3]))],
    "reshape, flatten": [[4, 3, 2], own((b, x) => b.flatten(b.reshape(x, [b.shape(x)[0], 3, 2, 4])))],
    conv2d: [
      [6, 5, 4],
      own((b, x) => {
        const weight = b.parameter("w", [6, 2, 3, 1], { init: "he", layout: "channelsLast" });
        const bias = b.parameter("b", [6], { init: 0.1 });
        return conv2d(b, x, weight, { bias, stride: [2, 1], padding: [1, 0], groups: 2 });
      }),
    ],
    "concat, slice": [
      [3, 4, 5],
      own((b, x) => {
        const parts = [slice(b, x, { start: 1, end: 5, step: 3 }), b.activation(x, "tanh")];
        return concat(b, [concat(b, parts), slice(b, concat(b, parts), { axis: 1, start: 2 })], 1);
      }),
    ],
    "pad, transpose": [
      [3, 4, 5],
      own((b, x) =>
        transpose(
          b,
          pad(
            b,
            b.activation(x, "tanh"),
            [
              [0, 2],
              [1, 0],
              [2, 1],
            ],
            3,
          ),
          [0, 3, 1, 2],
        ),
      ),
    ],
    "a parameter under another shape": [
      [3, 4],
      own((b, x) => b.linear(x, b.reshape(b.parameter("w", [4, 1, 5], { init: "he" }), [5, 4]))),
    ],
    "the same parameter twice": [
      [4],
      own((b, x) => {
        const w = b.parameter("w", [4, 4], { init: "default" });
        return b.linear(b.activation(b.linear(x, w), "tanh"), w);
      }),
    ],
    "a filter and a layer twice": [
      [5, 5, 4],
      own((b, x) => {
        const w = b.parameter("conv.weight", [4, 4, 3, 3], { init: "he", layout: "channelsLast" });
        const step = (y: ValueId, i: number) =>
          b.add(x, b.child(`bn${i}`, new BatchNorm2d(4), conv2d(b, y, w, { padding: 1 })));
        return step(b.activation(step(x, 0), "silu"), 1);
      }),
    ],
  };

  it.each(Object.entries(verbs))("%s: the gradient is that of what is computed", async (name, [inputShape, layer]) => {
    for (const setup of setups) {
      const model = await build(layer, inputShape, setup, 5);
      const x = uniform(`own/${name}`, 2 * inputShape.reduce((a, b) => a * b));
      expect(gradcheck(model, { seed: 2, x }).entries.filter(({ relativeError }) => relativeError > 2e-2)).toEqual([]);
      model.dispose();
    }
  });
});

describe("parameters", () => {
  it("are named after the place, and start and stand as those of built-in layers", async () => {
    const linear = own((b, x) =>
      b.linear(x, b.parameter("weight", [5, 4], { init: "default" }), b.parameter("bias", [5], { init: 0 })),
    );
    const convolution = own((b, x) =>
      conv2d(b, x, b.parameter("weight", [6, 4, 3, 3], { init: "heFanOut", layout: "channelsLast" }), { padding: 1 }),
    );
    const filters = { kernelSize: 3, padding: 1, bias: false, init: "heFanOut" } as const;
    const pairs: [number[], Layer, Layer][] = [
      [[4], linear, new Linear(4, 5)],
      [[7, 6, 4], convolution, new Conv2d(4, 6, filters)],
    ];
    for (const [inputShape, mine, theirs] of pairs) {
      const [a, b] = [await build(mine, inputShape), await build(theirs, inputShape)];
      expect(a.stateDict().get("weight")).toEqual(b.stateDict().get("weight"));
      b.loadStateDict(a.stateDict());
      const x = uniform("own/parameters", 3 * inputShape.reduce((p, q) => p * q));
      expect(a.predict(x)).toEqual(b.predict(x));
    }
    const nested = await build(new Sequential({ outer: new Sequential(linear) }), [4]);
    expect([...nested.stateDict().keys()]).toEqual(["outer.0.weight", "outer.0.bias"]);
    expect(freeze(nested, "outer.0")).toEqual(["outer.0.weight", "outer.0.bias"]);
  });

  it("of children: on a level of their own, or on none", async () => {
    const layer = own((b, x) => b.child("", new Linear(4, 4), b.child("in", new Linear(4, 4), x)));
    const model = await build(new Sequential({ a: layer }), [4]);
    expect([...model.stateDict().keys()]).toEqual(["a.in.weight", "a.in.bias", "a.weight", "a.bias"]);
  });

  it("buffers are saved and not trained", async () => {
    const model = await build(
      own((b, x) => b.add(x, b.linear(x, b.buffer("mix", [2, 2], 3)))),
      [2],
    );
    expect([...model.predict([1, 2]).data]).toEqual([10, 11]);
    expect([...model.stateDict().keys()]).toEqual(["mix"]);
    model.forward([1, 2]);
    expect([...model.backward([1, 0]).data]).toEqual([4, 3]);
    expect(model.gradients().size).toBe(0);
  });
});

describe("mistakes say where they are", () => {
  const filter = (b: Builder) => b.parameter("w", [6, 4, 3, 3], { init: 0, layout: "channelsLast" });
  it.each<[message: string, inputShape: number[], recording: (b: Builder, x: ValueId) => ValueId]>([
    [
      "network: at.0: sum expected [1, 4], got [1, 3]",
      [4],
      (b, x) => b.add(x, b.linear(x, b.parameter("w", [3, 4], { init: 0 }))),
    ],
    ["network: at.0: shape expected 4 numbers, got [1, 3]", [4], (b, x) => b.reshape(x, [1, 3])],
    [
      "network: at.0: input expected [n, ..., 3], got [1, 4]",
      [4],
      (b, x) => b.linear(x, b.parameter("w", [2, 3], { init: 0 })),
    ],
    ["network: at.0: input expected [n, h, w, channels], got [1, 4]", [4], (b, x) => b.mean(x)],
    ["network: at.0: factors expected [1, 1, 1, 3], got [1, 2, 2, 3]", [2, 2, 3], (b, x) => b.scaleChannels(x, x)],
    ["network: at.0: input expected [n, h, w, 4], got [1, 2, 2, 3]", [2, 2, 3], (b, x) => conv2d(b, x, filter(b))],
    [
      "network: at.0: height expected at least 3 with padding, for the kernel, got 2",
      [2, 3, 4],
      (b, x) => conv2d(b, x, filter(b)),
    ],
    [
      "network: at.0: features expected an even number, got 4. Drop one",
      [4],
      (b: Builder, x: ValueId) => {
        b.expect(b.shape(x).length > 9, "features", "an even number", 4, { hint: "Drop one" });
        return x;
      },
    ],
  ])("%s", async (message, inputShape, recording) => {
    const net = new Sequential({ at: new Sequential(own(recording)) });
    const error = await createModel(net, { inputShape }).catch((reason) => reason);
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toBe(message);
  });

  it.each<[message: RegExp, recording: (b: Builder, x: ValueId) => ValueId]>([
    [
      /conv2d: option expected .* got "strides". Did you mean "stride"\?/,
      (b, x) => conv2d(b, x, x, { strides: 1 } as never),
    ],
    [/dropout: p expected a number in \[0, 1\], got 2/, (b, x) => b.dropout(x, 2)],
    [
      /init expected a number, "default", .* got \{kind, deviation\}/,
      (b, x) => b.linear(x, b.parameter("w", [4, 4], { init: { kind: "normal", deviation: 0 } as never })),
    ],
    [
      /parameter: option expected init, layout, got "value"/,
      (b, x) => b.linear(x, b.parameter("w", [4, 4], { value: 1 } as never)),
    ],
    [
      /layout expected "same" or "channelsLast", got "OIHW"/,
      (b) => b.parameter("w", [4], { init: 0, layout: "OIHW" as never }),
    ],
    [/activation expected none, relu, .*, got swish/, (b, x) => b.activation(x, "swish" as never)],
    [/child expected a layer, got undefined/, (b, x) => b.child("head", undefined as never, x)],
    [/value expected what a verb gave, or record was given, got undefined/, () => undefined as never],
    [
      /init expected a number, for parameters of one dimension, got he/,
      (b, x) => b.add(x, b.parameter("w", [4], { init: "he" })),
    ],
  ])("%s", async (message, recording) => {
    const error = await createModel(own(recording), { inputShape: [4] }).catch((reason) => reason);
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(message);
  });
});

it("is saved with its arguments, layers among them, and loaded where it is registered", async () => {
  class Around extends Layer {
    readonly type = "Around";
    constructor(readonly parts: { first: Layer; rest: Layer[] }) {
      super();
    }
    protected args() {
      return [this.parts];
    }
    protected record(b: Builder, x: ValueId) {
      const { first, rest } = this.parts;
      return rest.reduce((y, layer, i) => b.child(`rest${i}`, layer, y), b.child("first", first, x));
    }
  }
  const net = new Around({
    first: new Linear(3, 4),
    rest: [new Linear(4, 4), new Sequential({ a: new Linear(4, 2) })],
  });
  const model = await build(net, [3]);
  const file = await model.save();
  await expect(loadModel(file)).rejects.toThrow(/layer type expected .*, got "Around"/);
  registerLayer("Around", Around);
  const loaded = await loadModel(file, { threads: 1, relaxedSimd: false });
  expect([...loaded.stateDict().keys()]).toEqual([...model.stateDict().keys()]);
  expect(loaded.predict([1, 2, 3])).toEqual(model.predict([1, 2, 3]));
  expect(loaded.network.toJSON()).toEqual(net.toJSON());
});
