// What a file holds beside its ops: weights of all types and uses, the batch, functions, data in other files; against onnxruntime.
import { describe, expect, it } from "vitest";
import { createTrainer, freeze, mse, SGD } from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { importOnnx } from "../../../src/onnx/import.js";
import type { ModelProto, NodeProto, TensorProto } from "../../../src/onnx/messages.js";
import { writeModel } from "../../../src/onnx/read.js";
import { attributesOf, infoOf, ints, modelOf, node, numbers, tensorOf, weight } from "../../support/onnx-build.js";
import { expectAsRuntime } from "../../support/onnx-runtime.js";

const K3 = { kernel_shape: [3, 3] };
const float = (name: string, ...values: number[]): TensorProto =>
  tensorOf(name, values.length === 1 ? [] : [values.length], values);
const positive = (name: string, size: number): TensorProto =>
  tensorOf(
    name,
    [size],
    numbers(size, 7).map((value) => 0.5 + Math.abs(value)),
  );

/** One node from x to y. */
const one = (op: string, inputs: string[] = [], attributes: Parameters<typeof node>[3] = {}) => [
  node(op, ["x", ...inputs], ["y"], attributes, { name: "one" }),
];

describe("weights", () => {
  const conv = one("Conv", ["w"], { ...K3 });
  const plain = weight("w", 3, 2, 3, 3);
  const values = Array.from(plain.floatData!);
  const raw = (bytes: ArrayBuffer, dataType: number): TensorProto => ({
    name: "w",
    dims: [3, 2, 3, 3],
    dataType,
    rawData: new Uint8Array(bytes),
  });
  /** Those of float32 that a float16 or bfloat16 holds exactly. */
  const halves = values.map((value) => Math.round(value * 64) / 64);
  const half = (value: number): number => {
    const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
    const exponent = ((bits >>> 23) & 0xff) - 112;
    return value === 0 ? 0 : ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
  };

  it.each<[kind: string, weights: TensorProto, expected: number[]]>([
    ["double", tensorOf("w", [3, 2, 3, 3], values, 11), values],
    ["raw double", raw(Float64Array.from(values).buffer, 11), values],
    ["raw float16", raw(Uint16Array.from(halves, half).buffer, 10), halves],
    [
      "float16 in the int32 field",
      { name: "w", dims: [3, 2, 3, 3], dataType: 10, int32Data: halves.map(half) },
      halves,
    ],
    [
      "raw bfloat16",
      raw(Uint16Array.from(halves, (value) => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16).buffer, 16),
      halves,
    ],
  ])("of type %s are float32 here", (_, held, expected) => {
    const cast = [node("Cast", ["w"], ["f"], { to: 1 }), node("Conv", ["x", "f"], ["y"], K3)];
    const nodes = held.dataType === 1 ? conv : cast;
    const { state, report } = importOnnx(writeModel(modelOf(13, ["n", 2, 5, 5], nodes, [held])));
    expect(report.parameters.length).toBe(1);
    expect([...[...state.values()][0]!.data]).toEqual(expected.map(Math.fround));
  });

  it("that are listed among the inputs are weights still", async () => {
    const model = modelOf(7, ["n", 2, 5, 5], conv, [plain]);
    model.graph!.input!.push(infoOf("w", [3, 2, 3, 3]));
    await expectAsRuntime(model, { sample: [2, 5, 5] });
    expect(importOnnx(writeModel(model)).report.inputs).toEqual([{ name: "x", shape: [2, 5, 5] }]);
  });

  it("that nodes share are one parameter, and learn as one", async () => {
    const nodes = [
      node("Conv", ["x", "w", "b"], ["a"], { ...K3, pads: [1, 1, 1, 1] }),
      node("Conv", ["a", "w", "b"], ["y"], { ...K3, pads: [1, 1, 1, 1] }),
    ];
    const model = modelOf(13, ["n", 3, 5, 5], nodes, [weight("w", 3, 3, 3, 3), weight("b", 3)]);
    await expectAsRuntime(model, { sample: [3, 5, 5] });
    const here = await loadOnnx(writeModel(model));
    expect([...here.stateDict().keys()]).toEqual(["w", "b"]);
    const trainer = createTrainer(here, { loss: mse(), optimizer: new SGD({ lr: 0.05 }) });
    const x = { data: Float32Array.from(numbers(150)), shape: [2, 5, 5, 3] };
    const losses = Array.from(
      { length: 20 },
      () => trainer.step(x, { data: new Float32Array(150), shape: x.shape }).loss,
    );
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it("of which another product takes the transposed are two", async () => {
    const nodes = [node("Gemm", ["x", "w"], ["a"], { transB: 1 }), node("MatMul", ["a", "w"], ["y"])];
    const model = modelOf(13, ["n", 4], nodes, [weight("w", 3, 4)]);
    await expectAsRuntime(model, { sample: [4] });
    expect([...importOnnx(writeModel(model)).state.keys()]).toEqual(["w", "w_2"]);
  });

  it("of a norm that is called twice are two, the second by its node", async () => {
    const norm = (x: string, y: string) =>
      node("BatchNormalization", [x, "n.weight", "n.bias", "n.running_mean", "n.running_var"], [y], {}, { name: y });
    const names = ["weight", "bias", "running_mean"].map((name) => weight(`n.${name}`, 3));
    const model = modelOf(
      13,
      ["n", 3, 4, 4],
      [norm("x", "a"), node("Relu", ["a"], ["r"]), norm("r", "y")],
      [...names, positive("n.running_var", 3)],
    );
    await expectAsRuntime(model, { sample: [3, 4, 4] });
    expect([...importOnnx(writeModel(model)).state.keys()]).toContain("y.running_mean");
  });

  it("that are made of weights are folded: weight standardisation", async () => {
    const nodes = [
      node("ReduceMean", ["w"], ["mean"], { axes: [1, 2, 3] }),
      node("Sub", ["w", "mean"], ["centred"]),
      node("Mul", ["centred", "centred"], ["squares"]),
      node("ReduceMean", ["squares"], ["variance"], { axes: [1, 2, 3] }),
      node("Add", ["variance", "eps"], ["above"]),
      node("Sqrt", ["above"], ["deviation"]),
      node("Div", ["centred", "deviation"], ["standard"]),
      node("Conv", ["x", "standard"], ["y"], K3),
    ];
    const model = modelOf(13, ["n", 2, 5, 5], nodes, [plain, float("eps", 1e-5)]);
    await expectAsRuntime(model, { sample: [2, 5, 5] });
    expect(importOnnx(writeModel(model)).report.nodes).toEqual({ conv: 1 });
  });

  it("are bound to further inputs, whose names must be the file's", async () => {
    const model = modelOf(13, ["n", 4], [node("Gemm", ["x", "W", "B"], ["y"])]);
    model.graph!.input!.push(infoOf("W", [4, 3]), infoOf("B", [3]));
    const more = {
      W: { data: Float32Array.from(numbers(12)), shape: [4, 3] },
      B: { data: Float32Array.of(1, 2, 3), shape: [3] },
    };
    await expectAsRuntime(model, { sample: [4], more });
    const { report } = importOnnx(writeModel(model), { inputs: more });
    expect(report.parameters).toEqual(["W", "B"]);
    expect(() => importOnnx(writeModel(model), { inputs: { W: more.W } })).toThrow(
      'inputs expected one, got ["x", "B"]',
    );
    expect(() => importOnnx(writeModel(model), { inputs: { ...more, C: more.B } })).toThrow(
      'option inputs expected names of the file\'s inputs, got ["C"]',
    );
    expect(() => importOnnx(writeModel(model), { inputs: { W: { data: [1], shape: [4, 3] } } })).toThrow(
      'input "W" expected { data, shape }, got 1 numbers for shape [4, 3]',
    );
  });
});

describe("BatchNormalization", () => {
  const model = (attributes: Parameters<typeof node>[3], opset = 15) =>
    modelOf(opset, ["n", 3], one("BatchNormalization", ["w", "b", "m", "v"], attributes), [
      weight("w", 3),
      weight("b", 3),
      tensorOf("m", [3], [1, 2, 3]),
      positive("v", 3),
    ]);

  it("keeps so much of the old statistics: PyTorch's momentum is the rest", async () => {
    const here = await loadOnnx(writeModel(model({ momentum: { f: 0.75 } })));
    const trainer = createTrainer(here, { loss: mse(), optimizer: new SGD({ lr: 0 }) });
    trainer.step({ data: [4, 4, 4, 6, 6, 6], shape: [2, 3] }, { data: new Float32Array(6), shape: [2, 3] });
    const mean = [...here.stateDict()].find(([name]) => name.endsWith("running_mean"))![1].data;
    expect([...mean]).toEqual([1, 2, 3].map((old) => 0.75 * old + 0.25 * 5));
    const frozen = await loadOnnx(writeModel(model({ momentum: { f: 0.75 } })));
    freeze(frozen, /./);
    expect([...frozen.predict([4, 4, 4]).data]).toEqual([
      ...(await loadOnnx(writeModel(model({})))).predict([4, 4, 4]).data,
    ]);
  });

  it("in training mode is refused by name", () => {
    expect(() => importOnnx(writeModel(model({ training_mode: 1 })))).toThrow(
      'node "one" (BatchNormalization): training_mode expected 0, got 1',
    );
  });
});

describe("the batch", () => {
  const fixed = (nodes: NodeProto[], weights: TensorProto[] = []) => modelOf(13, [2, 3, 4, 4], nodes, weights);

  it("that a file fixes may be any", async () => {
    const nodes = [node("Conv", ["x", "w"], ["c"], { ...K3, pads: [1, 1, 1, 1] }), node("Reshape", ["c", "s"], ["y"])];
    const model = fixed(nodes, [weight("w", 2, 3, 3, 3), ints("s", 2, 32)]);
    const here = await loadOnnx(writeModel(model));
    await expectAsRuntime(model, { sample: [3, 4, 4], batches: [2] });
    expect(here.predict({ data: numbers(5 * 48), shape: [5, 4, 4, 3] }).shape).toEqual([5, 32]);
  });

  it("that a node does not let be any is refused with the node", () => {
    const tied = (of: NodeProto) => () => importOnnx(writeModel(fixed([of])));
    expect(tied(node("Reshape", ["x", "s"], ["y"], {}, { name: "mixes" }))).toThrow();
    const sliced = fixed(
      [node("Slice", ["x", "s", "e", "a"], ["y"], {}, { name: "first" })],
      [ints("s", 0), ints("e", 1), ints("a", 0)],
    );
    expect(() => importOnnx(writeModel(sliced))).toThrow('node "first" (Slice): slice expected all of the batch');
    const mixed = fixed([node("Reshape", ["x", "s"], ["y"], {}, { name: "mixes" })], [ints("s", 3, 32)]);
    expect(() => importOnnx(writeModel(mixed))).toThrow('node "mixes" (Reshape)');
    const split = fixed([node("Split", ["x"], ["y", "z"], { axis: 0 }, { name: "halves" })]);
    expect(() => importOnnx(writeModel(split))).toThrow('node "halves" (Split): axis');
  });
});

describe("functions local to the model", () => {
  it("are put in the place of their calls, attributes and all", async () => {
    const model = modelOf(
      20,
      ["n", 4],
      [
        node("Twice", ["x", "w"], ["h"], { slope: { f: 0.25 } }, { domain: "mine" }),
        node("Twice", ["h", "w"], ["y"], {}, { domain: "mine", name: "again" }),
      ],
      [weight("w", 4, 4)],
      {
        opsetImport: [
          { domain: "", version: 20 },
          { domain: "mine", version: 1 },
        ],
        functions: [
          {
            name: "Twice",
            domain: "mine",
            input: ["a", "m"],
            output: ["d"],
            attributeProto: attributesOf({ slope: { f: 0.5 } }),
            opsetImport: [{ domain: "", version: 20 }],
            node: [
              {
                opType: "LeakyRelu",
                input: ["a"],
                output: ["b"],
                attribute: [{ name: "alpha", refAttrName: "slope", type: 1 }],
              },
              node("MatMul", ["b", "m"], ["c"]),
              node("MatMul", ["c", "m"], ["d"]),
            ],
          },
        ],
      },
    );
    await expectAsRuntime(model, { sample: [4] });
    expect(importOnnx(writeModel(model)).report.nodes).toMatchObject({ leakyRelu: 2, linear: 4 });
  });
});

describe("all that there is no op for", () => {
  it("is named at once, with its nodes", () => {
    const names = Array.from({ length: 25 }, (_, i) => `Op${i}`);
    const nodes = names.map((op, i) =>
      node(op, [i === 0 ? "x" : `v${i - 1}`], [i === 24 ? "y" : `v${i}`], {}, { name: `node${i}` }),
    );
    let error: { message?: string; nodes?: unknown[] } = {};
    try {
      importOnnx(writeModel(modelOf(13, ["n", 2], nodes)));
    } catch (caught) {
      error = caught as typeof error;
    }
    expect(error.nodes).toHaveLength(25);
    expect(error.message).toContain('Op0 (node "node0"), Op1 (node "node1")');
    expect(error.message).toContain("and 5 more");
  });
});

describe("external data", () => {
  const outside = (fields: Record<string, string>): ModelProto => {
    const externalData = Object.entries(fields).map(([key, value]) => ({ key, value }));
    return modelOf(
      13,
      ["n", 2],
      [node("MatMul", ["x", "w"], ["y"])],
      [{ name: "w", dims: [2, 3], dataType: 1, dataLocation: 1, externalData }],
    );
  };
  const data = Float32Array.from({ length: 16 }, (_, i) => i);

  it("is asked for by name, offset and length, and nothing else", () => {
    const asked: unknown[] = [];
    const { state } = importOnnx(writeModel(outside({ location: "sub/net.data", offset: "8", length: "24" })), {
      externalData(...args) {
        asked.push(args);
        return new Uint8Array(data.buffer, args[1], args[2]);
      },
    });
    expect(asked).toEqual([["sub/net.data", 8, 24]]);
    expect([...state.get("w")!.data]).toEqual([2, 5, 3, 6, 4, 7]);
  });

  it.each([
    "../net.data",
    "a/../../net.data",
    "/etc/passwd",
    "C:\\net.data",
    "\\\\host\\net.data",
    "file:net.data",
    "https://a.b/c",
    "..\\net.data",
    "a\\..\\..\\b",
    "",
    "..",
  ])("never leaves its folder: %s", (location) => {
    let isAsked = false;
    const externalData = () => {
      isAsked = true;
      return new Uint8Array(24);
    };
    expect(() => importOnnx(writeModel(outside({ location })), { externalData })).toThrow(
      "a relative path inside the network's folder",
    );
    expect(isAsked).toBe(false);
  });

  it("must be what was asked for", () => {
    const give = (given: unknown) => () =>
      importOnnx(writeModel(outside({ location: "w" })), { externalData: () => given as Uint8Array });
    expect(give(new Uint8Array(23))).toThrow('externalData expected a Uint8Array of 24 bytes of "w", got 23 bytes');
    expect(give("text")).toThrow("externalData expected a Uint8Array");
    expect(() => importOnnx(writeModel(outside({ location: "w" })))).toThrow("Pass { externalData:");
    expect(() =>
      importOnnx(writeModel(outside({ location: "w", offset: "-4" })), { externalData: () => new Uint8Array(24) }),
    ).toThrow("an offset and 24 bytes");
    expect(() =>
      importOnnx(writeModel(outside({ location: "w", length: "12" })), { externalData: () => new Uint8Array(12) }),
    ).toThrow("an offset and 24 bytes");
  });
});
