// What changed between ONNX's versions, each as a small file of its own: the canonical net and its numbers.
import { describe, expect, it } from "vitest";
import { BATCH } from "../../../src/core/any-batch.js";
import { FormatError } from "../../../src/core/errors.js";
import { float32BitsToBfloat16, float32BitsToFloat16 } from "../../../src/io/float16.js";
import type { ModelProto, NodeProto, TensorProto } from "../../../src/onnx/messages.js";
import { attributesOf, infoOf, ints, modelOf, netOf, node, tensorOf } from "../../support/onnx-build.js";
import { runNet } from "../../support/onnx-reference.js";

/** The output for x = 1, 2, 3, … of this shape. */
function run(model: ModelProto, shape: number[]): { shape: number[]; data: number[] } {
  const net = netOf(model);
  const count = shape.reduce((a, b) => a * b, 1);
  const { shape: made, data } = runNet(net, { shape, data: Array.from({ length: count }, (_, i) => i + 1) }).get(
    net.outputs[0]!,
  )!;
  return { shape: made, data: [...data].map((value) => Math.fround(value)) };
}

const one = (opset: number, shape: (number | string)[], made: NodeProto, initializer: TensorProto[] = []) =>
  modelOf(opset, shape, [made], initializer);

const refused = (model: ModelProto, message: string | RegExp) => {
  expect(() => netOf(model)).toThrow(FormatError);
  expect(() => netOf(model)).toThrow(message);
};

describe("attributes that became inputs", () => {
  const clip = [2, 3, 4, 5, 5, 5];
  it.each([
    [6, node("Clip", ["x"], ["y"], { min: { f: 2 }, max: { f: 5 } }), []],
    [13, node("Clip", ["x", "lo", "hi"], ["y"]), [tensorOf("lo", [], [2]), tensorOf("hi", [], [5])]],
  ])("Clip %i", (opset, made, weights) =>
    expect(run(one(opset, ["n", 6], made, weights), [1, 6]).data.slice(1)).toEqual(clip.slice(0, 5)),
  );

  it("Clip without one bound, left out by an empty name", () => {
    expect(
      run(one(12, ["n", 3], node("Clip", ["x", "", "hi"], ["y"]), [tensorOf("hi", [], [2])]), [1, 3]).data,
    ).toEqual([1, 2, 2]);
  });

  const padded = [0, 1, 2, 9, 9].map((value) => (value === 0 ? 9 : value));
  it.each([
    [2, node("Pad", ["x"], ["y"], { pads: [0, 1, 0, 2], value: { f: 9 } }), []],
    [11, node("Pad", ["x", "p", "v"], ["y"]), [ints("p", 0, 1, 0, 2), tensorOf("v", [], [9])]],
    [18, node("Pad", ["x", "p", "v", "a"], ["y"]), [ints("p", 1, 2), tensorOf("v", [], [9]), ints("a", -1)]],
  ])("Pad %i", (opset, made, weights) =>
    expect(run(one(Math.max(opset, 6), ["n", 2], made, weights), [1, 2])).toEqual({ shape: [1, 5], data: padded }),
  );

  it.each([
    [9, node("Slice", ["x"], ["y"], { starts: [1], ends: [-1], axes: [1] }), []],
    [10, node("Slice", ["x", "s", "e", "a"], ["y"]), [ints("s", 1), ints("e", -1), ints("a", -1)]],
  ])("Slice %i", (opset, made, weights) =>
    expect(run(one(opset, ["n", 4], made, weights), [2, 4])).toEqual({ shape: [2, 2], data: [2, 3, 6, 7] }),
  );

  it("Slice backwards, to an end beyond all", () => {
    const weights = [ints("s", -1), ints("e", -(2 ** 62)), ints("a", 1), ints("t", -2)];
    expect(run(one(13, ["n", 4], node("Slice", ["x", "s", "e", "a", "t"], ["y"]), weights), [1, 4]).data).toEqual([
      4, 2,
    ]);
  });

  it.each([
    ["Squeeze", 11, node("Squeeze", ["x"], ["y"], { axes: [1] }), [], [2, 3]],
    ["Squeeze", 13, node("Squeeze", ["x", "a"], ["y"]), [ints("a", -2)], [2, 3]],
    ["Unsqueeze", 11, node("Unsqueeze", ["x"], ["y"], { axes: [0, 4] }), [], [1, 2, 1, 3, 1]],
    ["Unsqueeze", 13, node("Unsqueeze", ["x", "a"], ["y"]), [ints("a", -1, 2)], [2, 1, 1, 3, 1]],
    ["ReduceMean", 13, node("ReduceMean", ["x"], ["y"], { axes: [-1], keepdims: 0 }), [], [2, 1]],
    ["ReduceMean", 18, node("ReduceMean", ["x", "a"], ["y"]), [ints("a", 1, 2)], [2, 1, 1]],
    ["ReduceSum", 11, node("ReduceSum", ["x"], ["y"], { axes: [2] }), [], [2, 1, 1]],
    ["ReduceSum", 13, node("ReduceSum", ["x", "a"], ["y"], { keepdims: 0 }), [ints("a", 2)], [2, 1]],
  ] as [string, number, NodeProto, TensorProto[], number[]][])("%s %i", (_, opset, made, weights, shape) =>
    expect(run(one(opset, ["n", 1, 3], made, weights), [2, 1, 3]).shape).toEqual(shape),
  );

  it("ReduceSum of no axes: of all, or of none", () => {
    const all = node("ReduceSum", ["x"], ["y"], { keepdims: 0 });
    expect(run(one(13, ["n", 3], all), [1, 3]).data).toEqual([6]);
    expect(netOf(one(13, ["n", 3], node("ReduceSum", ["x"], ["y"], { noop_with_empty_axes: 1 }))).steps).toEqual([]);
  });
});

describe("meanings that changed", () => {
  it("Softmax before 13 takes all axes from its own on as one", () => {
    const softmax = (opset: number) =>
      run(one(opset, ["n", 2, 2], node("Softmax", ["x"], ["y"], { axis: 1 })), [1, 2, 2]).data;
    expect(softmax(11).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(softmax(13)[0]! + softmax(13)[2]!).toBeCloseTo(1, 6);
    expect(netOf(one(13, ["n", 2, 3], node("Softmax", ["x"], ["y"]))).steps[0]!.attributes["axis"]).toBe(2);
    expect(netOf(one(11, ["n", 2, 3], node("Softmax", ["x"], ["y"]))).steps[0]!.attributes["axis"]).toBe(1);
  });

  it("GroupNormalization scales by group in 18 and by channel in 21", () => {
    const norm = (opset: number, size: number) =>
      one(opset, ["n", 4, 1], node("GroupNormalization", ["x", "s", "b"], ["y"], { num_groups: 2 }), [
        tensorOf(
          "s",
          [size],
          Array.from({ length: size }, (_, i) => i + 1),
        ),
        tensorOf("b", [size], new Array(size).fill(0)),
      ]);
    const [byGroup, byChannel] = [run(norm(18, 2), [1, 4, 1]).data, run(norm(21, 4), [1, 4, 1]).data];
    for (const [i, value] of [-1, 1, -2, 2].entries()) expect(byGroup[i]).toBeCloseTo(value, 3);
    for (const [i, value] of [-1, 2, -3, 4].entries()) expect(byChannel[i]).toBeCloseTo(value, 3);
    refused(norm(21, 2), "scale expected [4], got [2]");
  });

  it("BatchNormalization's momentum is one minus PyTorch's, and training mode is refused", () => {
    const weights = ["s", "b", "m", "v"].map((name) => tensorOf(name, [2], [1, 1]));
    const norm = (attributes = {}) =>
      one(15, ["n", 2, 3], node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], attributes), weights);
    expect(netOf(norm({ momentum: { f: 0.75 } })).steps[0]!.attributes["momentum"]).toBe(0.25);
    refused(norm({ training_mode: 1 }), "training_mode expected 0, got 1");
  });

  it("Gemm has alpha, beta and both transpositions", () => {
    const weights = [tensorOf("w", [2, 3], [1, 2, 3, 4, 5, 6]), tensorOf("c", [3], [10, 20, 30])];
    const attributes = { alpha: { f: 0.5 }, beta: { f: 2 } };
    expect(run(one(13, ["n", 2], node("Gemm", ["x", "w", "c"], ["y"], attributes), weights), [1, 2]).data).toEqual([
      24.5, 46, 67.5,
    ]);
    const model = modelOf(
      13,
      ["n", 2],
      [
        node("Transpose", ["x"], ["t"], { perm: [1, 0] }),
        node("Gemm", ["t", "w", "c"], ["y"], { ...attributes, transA: 1 }),
      ],
      weights,
    );
    expect(run(model, [1, 2]).data).toEqual([24.5, 46, 67.5]);
  });

  it("auto_pad puts the odd row at the end, or with SAME_LOWER at the beginning", () => {
    const pads = (auto: string) =>
      netOf(one(11, ["n", 1, 6], node("MaxPool", ["x"], ["y"], { kernel_shape: [3], strides: [2], auto_pad: auto })))
        .steps[0]!.attributes["pads"];
    expect([pads("SAME_UPPER"), pads("SAME_LOWER"), pads("VALID")]).toEqual([
      [0, 1],
      [1, 0],
      [0, 0],
    ]);
  });

  it("AveragePool counts padding or not, and what ceil_mode adds never", () => {
    const pool = (more: object) =>
      run(
        one(
          11,
          ["n", 1, 4],
          node("AveragePool", ["x"], ["y"], { kernel_shape: [3], strides: [2], pads: [1, 0], ...more }),
        ),
        [1, 1, 4],
      ).data;
    expect(pool({})).toEqual([1.5, 3]);
    expect(pool({ count_include_pad: 1 })).toEqual([1, 3]);
    expect(pool({ pads: [0, 0], ceil_mode: 1 })).toEqual([2, 3.5]);
    expect(pool({ pads: [0, 0], ceil_mode: 1, count_include_pad: 1 })).toEqual([2, 3.5]);
  });

  it("HardSigmoid's slope is a fifth where the file does not say", () => {
    expect(netOf(one(13, ["n", 2], node("HardSigmoid", ["x"], ["y"]))).steps[0]!.attributes).toEqual({
      alpha: Math.fround(0.2) === 0.2 ? 0.2 : 0.2,
      beta: 0.5,
    });
  });

  it("refuses versions that it does not know", () => {
    refused(one(5, ["n", 2], node("Relu", ["x"], ["y"])), "opset expected ONNX's from 6 to 23, got 5");
    refused(one(24, ["n", 2], node("Relu", ["x"], ["y"])), "got 24");
  });
});

describe("shapes", () => {
  const reshape = (opset: number, target: TensorProto, attributes = {}, shape: (number | string)[] = ["n", 2, 4]) =>
    one(opset, shape, node("Reshape", ["x", target.name!], ["y"], attributes), [target]);

  it("Reshape's 0 keeps a size, unless allowzero says that it is 0", () => {
    expect(run(reshape(13, ints("s", 0, -1)), [3, 2, 4]).shape).toEqual([3, 8]);
    expect(run(reshape(13, ints("s", -1, 4)), [3, 2, 4]).shape).toEqual([6, 4]);
    refused(reshape(14, ints("s", 0, -1), { allowzero: 1 }), "shape expected");
    refused(reshape(13, ints("s", 0, 3)), "shape expected 8n, got [n, 3]");
    refused(reshape(13, ints("s", -1, -1)), "at most one -1");
  });

  it("a batch that the file fixed may be any", () => {
    const fixed = (target: TensorProto) => run(reshape(13, target, {}, [1, 2, 4]), [3, 2, 4]).shape;
    expect(fixed(ints("s", 1, 8))).toEqual([3, 8]);
    expect(fixed(ints("s", -1, 8))).toEqual([3, 8]);
    expect(fixed(ints("s", 1, -1))).toEqual([3, 8]);
    const four = (target: TensorProto) => run(reshape(13, target, {}, [4, 2, 4]), [3, 2, 4]).shape;
    expect([four(ints("s", 4, 8)), four(ints("s", 8, 4)), four(ints("s", 4, -1))]).toEqual([
      [3, 8],
      [6, 4],
      [3, 8],
    ]);
    expect(netOf(reshape(13, ints("s", 1, 8), {}, [1, 2, 4])).values.get("y")!.shape).toEqual([BATCH, 8]);
    refused(reshape(13, ints("s", 2, 16), {}, [4, 2, 4]), 'node "Reshape_0" (Reshape): shape expected 8n, got [2, 16]');
  });

  it("the arithmetic of exporters is folded, for any batch", () => {
    // x.view(n, 2, c // 2, l).transpose(1, 2).reshape(n, -1, l), as PyTorch writes it
    const nodes = [
      node("Shape", ["x"], ["shape"]),
      node("Gather", ["shape", "zero"], ["n"], { axis: 0 }),
      node("Gather", ["shape", "one"], ["c"], { axis: 0 }),
      node("Constant", [], ["two"], { value: tensorOf("", [], [2], 7) }),
      node("Div", ["c", "two"], ["half"]),
      node("Unsqueeze", ["n", "zeros"], ["n1"]),
      node("Unsqueeze", ["half", "zeros"], ["half1"]),
      node("Concat", ["n1", "twos", "half1", "last"], ["target"], { axis: 0 }),
      node("Reshape", ["x", "target"], ["split"]),
      node("Transpose", ["split"], ["turned"], { perm: [0, 2, 1, 3] }),
      node("Concat", ["n1", "free", "last"], ["back"], { axis: 0 }),
      node("Reshape", ["turned", "back"], ["y"]),
    ];
    const weights = [
      tensorOf("zero", [], [0], 7),
      tensorOf("one", [], [1], 7),
      ints("zeros", 0),
      ints("twos", 2),
      ints("last", 1),
      ints("free", -1),
    ];
    const model = modelOf(13, ["n", 4, 1], nodes, weights);
    expect(netOf(model).steps.map(({ op }) => op)).toEqual(["reshape", "transpose", "reshape"]);
    expect(run(model, [2, 4, 1])).toEqual({ shape: [2, 4, 1], data: [1, 3, 2, 4, 5, 7, 6, 8] });
  });

  it("the batch is not cut, padded or looked into", () => {
    refused(one(13, ["n", 4], node("Slice", ["x", "s", "e"], ["y"]), [ints("s", 1), ints("e", 3)]), "all of the batch");
    refused(one(13, ["n", 4], node("Pad", ["x", "p"], ["y"]), [ints("p", 1, 0, 0, 0)]), "the batch as it is");
  });

  it("an unknown size is asked for", () => {
    refused(one(13, ["n", "c"], node("Relu", ["x"], ["y"])), 'input "x" expected sizes, got "c". Pass { inputShape }');
    const model = one(13, ["n", "c"], node("Relu", ["x"], ["y"]));
    expect(netOf(model, { inputShape: [7] }).values.get("y")!.shape).toEqual([BATCH, 7]);
  });
});

describe("graphs", () => {
  it("lose Identity, Dropout and what no output needs; initialisers may be listed as inputs, and shared", () => {
    const nodes = [
      node("Identity", ["x"], ["i"]),
      node("Dropout", ["i"], ["d", "mask"]),
      node("Exp", ["d"], ["unused"]),
      node("Add", ["d", "w"], ["a"]),
      node("Mul", ["a", "w"], ["y"]),
    ];
    const model = modelOf(13, ["n", 1], nodes, [tensorOf("w", [1], [3])]);
    model.graph!.input!.push(infoOf("w", [1]));
    const net = netOf(model);
    expect(net.inputs).toEqual(["x"]);
    expect(net.steps.map(({ op, inputs }) => [op, ...inputs])).toEqual([
      ["add", "x", "w"],
      ["mul", "a", "w"],
    ]);
    expect([...net.values.keys()].sort()).toEqual(["a", "w", "x", "y"]);
    expect(run(model, [1, 1]).data).toEqual([12]);
  });

  it("call functions of the model, with attributes, defaults and functions of their own", () => {
    const leaky = {
      opType: "LeakyRelu",
      input: ["a"],
      output: ["b"],
      attribute: [{ name: "alpha", refAttrName: "slope", type: 1 }],
    };
    const functions = [
      {
        name: "Twice",
        domain: "mine",
        input: ["a"],
        output: ["c"],
        attributeProto: attributesOf({ slope: { f: 0.5 } }),
        node: [
          node("Neg", ["a"], ["m"]),
          { ...leaky, input: ["m"] },
          node("Deeper", ["b"], ["c"], {}, { domain: "mine" }),
        ],
      },
      { name: "Deeper", domain: "mine", input: ["a"], output: ["b"], node: [node("Mul", ["a", "a"], ["b"])] },
    ];
    const calls = [
      node("Twice", ["x"], ["h"], {}, { domain: "mine", name: "first" }),
      node("Twice", ["h"], ["y"], { slope: { f: 0.25 } }, { domain: "mine", name: "second" }),
    ];
    const model = modelOf(13, ["n", 1], calls, [], { functions });
    expect(netOf(model).steps.map(({ name }) => name)).toEqual([
      "first/Neg_0",
      "first/LeakyRelu_1",
      "first/Deeper_2/Mul_0",
      "second/Neg_0",
      "second/LeakyRelu_1",
      "second/Deeper_2/Mul_0",
    ]);
    expect(run(model, [2, 1]).data).toEqual([(0.25 / 4) ** 2, (1 / 4) ** 2]);
  });

  it("name all ops that are not known at once", () => {
    const nodes = [
      node("LSTM", ["x"], ["a"], {}, { name: "rnn" }),
      node("FusedConv", ["a"], ["b"], {}, { domain: "com.microsoft" }),
      node("LSTM", ["b"], ["y"]),
    ];
    refused(
      modelOf(13, ["n", 1], nodes),
      'nodes expected ops of convolutional networks, got LSTM (node "rnn"), com.microsoft.FusedConv (node "FusedConv_1")',
    );
  });

  it("are refused where inputs are of other types, come late or never", () => {
    refused(
      modelOf(13, ["n", 1], [node("Relu", ["z"], ["y"])]),
      'node "Relu_0" expected inputs that were made before, got "z"',
    );
    refused(modelOf(13, ["n", 1], [node("Relu", ["x"], ["z"])]), 'output "y" expected a value that is made, got none');
    const model = modelOf(13, ["n", 1], [node("Relu", ["x"], ["y"])]);
    model.graph!.input = [infoOf("x", ["n", 1], 7)];
    refused(model, 'input "x" expected floats');
  });
});

describe("tensors", () => {
  const read = (tensor: TensorProto, externalData?: Parameters<typeof netOf>[2]) => [
    ...netOf(
      modelOf(13, ["n", 2], [node("Add", ["x", "w"], ["y"])], [{ name: "w", dims: [2], ...tensor }]),
      {},
      externalData,
    ).values.get("w")!.constant!.data,
  ];
  const raw = (data: ArrayBufferView) => new Uint8Array(data.buffer);
  const bits = (toHalf: (bits: number) => number) =>
    [1.5, -2].map((value) => toHalf(new Uint32Array(Float32Array.of(value).buffer)[0]!));

  it.each([
    ["float32, raw", { dataType: 1, rawData: raw(Float32Array.of(1.5, -2)) }],
    ["float32, typed", { dataType: 1, floatData: [1.5, -2] }],
    ["float64, raw", { dataType: 11, rawData: raw(Float64Array.of(1.5, -2)) }],
    ["float64, typed", { dataType: 11, doubleData: [1.5, -2] }],
    ["float16, raw", { dataType: 10, rawData: raw(Uint16Array.from(bits(float32BitsToFloat16))) }],
    ["float16, typed", { dataType: 10, int32Data: bits(float32BitsToFloat16) }],
    ["bfloat16, raw", { dataType: 16, rawData: raw(Uint16Array.from(bits(float32BitsToBfloat16))) }],
    ["bfloat16, typed", { dataType: 16, int32Data: bits(float32BitsToBfloat16) }],
  ])("%s", (_, tensor) => expect(read(tensor)).toEqual([1.5, -2]));

  const external = (location: string, more: [string, string][] = []) => ({
    dataType: 1,
    dataLocation: 1,
    externalData: [["location", location], ...more].map(([key, value]) => ({ key: key!, value: value! })),
  });

  it("in other files come by a callback, which gets names that stay inside", () => {
    const asked: unknown[] = [];
    const give = (...args: [string, number, number | undefined]) => {
      asked.push(args);
      return raw(Float32Array.of(1.5, -2));
    };
    expect(
      read(
        external("data/w.bin", [
          ["offset", "4096"],
          ["length", "8"],
        ]),
        give,
      ),
    ).toEqual([1.5, -2]);
    expect(asked).toEqual([["data/w.bin", 4096, 8]]);
    for (const location of ["../w.bin", "/etc/passwd", "a/../../w", "c:\\w", "\\\\host\\w", "file:///w", "a/..", ""])
      expect(() => read(external(location), give), location).toThrow("a relative path inside the network's folder");
    expect(asked.length).toBe(1);
    expect(() => read(external("w.bin"))).toThrow('expected its data, got a file "w.bin". Pass { externalData');
    expect(() => read(external("w.bin", [["length", "9"]]), give)).toThrow("an offset and 8 bytes");
    expect(() => read(external("w.bin"), () => new Uint8Array(7))).toThrow(
      "externalData expected a Uint8Array of 8 bytes",
    );
  });

  it.each([
    [{ dataType: 8, stringData: [] }, "floats, integers or booleans, got data type 8"],
    [{ dataType: 14, floatData: [1, 2, 3, 4] }, "data type 14"],
    [{ dataType: 1, floatData: [1] }, "2 numbers for F32 [2], got 1 numbers"],
    [{ dataType: 1, rawData: new Uint8Array(9) }, "8 bytes for F32 [2], got 9 bytes"],
    [{ dataType: 1, dims: [-1] }, "at most 16 sizes of 0 or more"],
    [{ dataType: 1, dims: [2 ** 31, 2 ** 31] }, "fewer elements"],
  ])("that do not fit are refused: %o", (tensor, message) => expect(() => read(tensor)).toThrow(message));
});
