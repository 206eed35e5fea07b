// Files as other programs than PyTorch write them, against onnxruntime.
import { Tensor as Fed, InferenceSession } from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { importOnnx } from "../../../src/onnx/import.js";
import type { NodeProto, TensorProto } from "../../../src/onnx/messages.js";
import { writeModel } from "../../../src/onnx/read.js";
import { infoOf, ints, modelOf, node, numbers, tensorOf, weight } from "../../support/onnx-build.js";
import { expectAsRuntime } from "../../support/onnx-runtime.js";

const K3 = { kernel_shape: [3, 3] };
const SAME = { ...K3, auto_pad: "SAME_UPPER" };
const positive = (name: string, size: number): TensorProto =>
  tensorOf(
    name,
    [size],
    Array.from(numbers(size, 7), (value) => 0.5 + Math.abs(value)),
  );
const scalar = (name: string, value: number): TensorProto => tensorOf(name, [], [value]);

/** BatchNormalization of c channels of `x`, with its weights. */
const norm = (x: string, y: string, c: number, more = {}): [NodeProto, TensorProto[]] => [
  node("BatchNormalization", [x, `${y}.s`, `${y}.b`, `${y}.m`, `${y}.v`], [y], more),
  [weight(`${y}.s`, c), weight(`${y}.b`, c), weight(`${y}.m`, c), positive(`${y}.v`, c)],
];

const CASES: [about: string, opset: number, sample: number[], nodes: NodeProto[], weights: TensorProto[]][] = [
  (() => {
    const [bn, norms] = norm("c", "n", 4);
    const nodes = [
      node("Transpose", ["x"], ["t"], { perm: [0, 3, 1, 2] }),
      node("Conv", ["t", "w", "b"], ["c"], { ...SAME, strides: [2, 2] }),
      bn,
      node("Clip", ["n", "low", "high"], ["r"]),
      node("Conv", ["r", "d"], ["dw"], { ...SAME, group: 4 }),
      node("ReduceMean", ["dw"], ["g"], { axes: [2, 3], keepdims: 1 }),
      node("Squeeze", ["g", "axes"], ["s"]),
      node("MatMul", ["s", "fc"], ["m"]),
      node("Add", ["m", "fb"], ["l"]),
      node("Softmax", ["l"], ["y"], { axis: -1 }),
    ];
    const heads = [weight("fc", 4, 5), weight("fb", 5)];
    const bounds = [scalar("low", 0), scalar("high", 6), ints("axes", 2, 3)];
    const convs = [weight("w", 4, 3, 3, 3), weight("b", 4), weight("d", 4, 1, 3, 3)];
    return [
      "tf2onnx: channels last in, SAME, ReLU6, Squeeze",
      13,
      [9, 8, 3],
      nodes,
      [...convs, ...norms, ...bounds, ...heads],
    ];
  })(),
  (() => {
    const [a, wa] = norm("x", "bn_data", 3, { epsilon: { f: 1e-3 }, momentum: { f: 0.9 }, spatial: 1 });
    const [b, wb] = norm("c", "n", 4, { epsilon: { f: 2e-5 }, spatial: 1 });
    const nodes = [
      a,
      node("Conv", ["bn_data", "w"], ["c"], {
        ...K3,
        pads: [1, 1, 1, 1],
        strides: [1, 1],
        dilations: [1, 1],
        group: 1,
      }),
      b,
      node("Relu", ["n"], ["r"]),
      node("MaxPool", ["r"], ["p"], { ...K3, pads: [1, 1, 1, 1], strides: [2, 2] }),
      node("GlobalAveragePool", ["p"], ["g"]),
      node("Dropout", ["g"], ["d"], { ratio: { f: 0.5 } }),
      node("Flatten", ["d"], ["f"]),
      node("Gemm", ["f", "fc", "fb"], ["y"], { transB: 1, alpha: { f: 1 }, beta: { f: 1 } }),
    ];
    return [
      "MXNet of 2018: a norm of the input, opset 8",
      8,
      [3, 8, 9],
      nodes,
      [weight("w", 4, 3, 3, 3), ...wa, ...wb, weight("fc", 5, 4), weight("fb", 5)],
    ];
  })(),
  [
    "Caffe2: weights are inputs, Reshape by a constant, LRN, opset 7",
    7,
    [3, 8, 8],
    [
      node("Conv", ["x", "w", "b"], ["c"], { ...K3, pads: [1, 1, 1, 1] }),
      node("LRN", ["c"], ["l"], { size: 3, alpha: { f: 1e-4 }, beta: { f: 0.75 }, bias: { f: 1 } }),
      node("AveragePool", ["l"], ["p"], { kernel_shape: [8, 8], strides: [1, 1] }),
      node("Reshape", ["p", "shape"], ["f"]),
      node("Gemm", ["f", "fc", "fb"], ["g"], { transB: 1 }),
      node("Softmax", ["g"], ["y"]),
    ],
    [weight("w", 4, 3, 3, 3), weight("b", 4), ints("shape", -1, 4), weight("fc", 5, 4), weight("fb", 5)],
  ],
  [
    "Keras: swish as a product, a gate by Reshape, opset 12",
    12,
    [4, 6, 6],
    [
      node("Conv", ["x", "w"], ["c"], SAME),
      node("Sigmoid", ["c"], ["cs"]),
      node("Mul", ["c", "cs"], ["s"]),
      node("GlobalAveragePool", ["s"], ["g"]),
      node("Squeeze", ["g"], ["q"], { axes: [2, 3] }),
      node("Unsqueeze", ["q"], ["u"], { axes: [2, 3] }),
      node("Conv", ["u", "w1"], ["e1"], { kernel_shape: [1, 1] }),
      node("Relu", ["e1"], ["er"]),
      node("Conv", ["er", "w2"], ["e2"], { kernel_shape: [1, 1] }),
      node("Sigmoid", ["e2"], ["es"]),
      node("Mul", ["es", "s"], ["y"]),
    ],
    [weight("w", 6, 4, 3, 3), weight("w1", 2, 6, 1, 1), weight("w2", 6, 2, 1, 1)],
  ],
  [
    "Paddle: hard_swish in parts, an upsampled sum, opset 11",
    11,
    [4, 6, 6],
    [
      node("Conv", ["x", "w"], ["c"], { ...K3, pads: [1, 1, 1, 1], strides: [2, 2] }),
      node("Add", ["c", "three"], ["a"]),
      node("Clip", ["a", "zero", "six"], ["k"]),
      node("Mul", ["c", "k"], ["m"]),
      node("Div", ["m", "six"], ["h"]),
      node("Conv", ["h", "w2"], ["z"], { kernel_shape: [1, 1] }),
      node("Resize", ["z", "roi", "scales"], ["u"], {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
      node("Add", ["u", "x"], ["y"]),
    ],
    [
      ...[
        weight("w", 8, 4, 3, 3),
        weight("w2", 4, 8, 1, 1),
        tensorOf("roi", [0], []),
        tensorOf("scales", [4], [1, 1, 2, 2]),
      ],
      ...[scalar("three", 3), scalar("zero", 0), scalar("six", 6)],
    ],
  ],
  [
    "dynamo of opset 18: axes as inputs, Split by num_outputs, a residual",
    18,
    [6, 5, 7],
    [
      node("Split", ["x"], ["a", "b"], { axis: 1, num_outputs: 2 }),
      node("Conv", ["b", "w"], ["c"], { ...K3, pads: [1, 1, 1, 1] }),
      node("Concat", ["a", "c"], ["d"], { axis: 1 }),
      node("ReduceMean", ["d", "axes"], ["m"], { keepdims: 1 }),
      node("Sub", ["d", "m"], ["s"]),
      node("ReduceMax", ["s", "axes"], ["y"], { keepdims: 0 }),
    ],
    [weight("w", 3, 3, 3, 3), ints("axes", -1, 2)],
  ],
  [
    "LayerNormalization of 22 after a Transpose, Gelu of 20",
    22,
    [8, 4, 5],
    [
      node("Conv", ["x", "w"], ["c"], { kernel_shape: [7, 7], pads: [3, 3, 3, 3], group: 8 }),
      node("Transpose", ["c"], ["t"], { perm: [0, 2, 3, 1] }),
      node("LayerNormalization", ["t", "g", "b"], ["n"], { axis: -1, epsilon: { f: 1e-6 } }),
      node("MatMul", ["n", "w1"], ["m1"]),
      node("Add", ["m1", "b1"], ["a1"]),
      node("Gelu", ["a1"], ["e"], { approximate: "none" }),
      node("MatMul", ["e", "w2"], ["m2"]),
      node("Mul", ["m2", "gamma"], ["s"]),
      node("Transpose", ["s"], ["back"], { perm: [0, 3, 1, 2] }),
      node("Add", ["back", "x"], ["y"]),
    ],
    [
      ...[weight("w", 8, 1, 7, 7), weight("g", 8), weight("b", 8), weight("w1", 8, 16), weight("b1", 16)],
      ...[weight("w2", 16, 8), weight("gamma", 8)],
    ],
  ],
  [
    "opset 23: a pyramid by Resize to sizes of another map",
    23,
    [3, 8, 8],
    [
      node("Conv", ["x", "w"], ["a"], { ...K3, pads: [1, 1, 1, 1] }),
      node("Conv", ["a", "v"], ["b"], { ...K3, pads: [1, 1, 1, 1], strides: [2, 2] }),
      node("Shape", ["a"], ["hw"], { start: 2, end: 4 }),
      node("Resize", ["b", "", "", "hw"], ["u"], {
        mode: "linear",
        coordinate_transformation_mode: "pytorch_half_pixel",
        axes: [2, 3],
      }),
      node("Add", ["a", "u"], ["y"]),
    ],
    [weight("w", 4, 3, 3, 3), weight("v", 4, 4, 3, 3)],
  ],
];

describe("files of other exporters", () => {
  it.each(CASES)("%s (opset %d)", async (_, opset, sample, nodes, weights) => {
    await expectAsRuntime(modelOf(opset, ["n", ...sample], nodes, weights), { sample });
  });

  it("pictures of bytes, turned and made floats of", async () => {
    const nodes = [
      node("Transpose", ["x"], ["t"], { perm: [0, 3, 1, 2] }),
      node("Cast", ["t"], ["f"], { to: 1 }),
      node("Sub", ["f", "mean"], ["s"]),
      node("Div", ["s", "std"], ["d"]),
      node("Conv", ["d", "w"], ["y"], K3),
    ];
    const shape = (name: string, ...values: number[]) => tensorOf(name, [1, 3, 1, 1], values);
    const weights = [shape("mean", 123.7, 116.3, 103.5), shape("std", 58.4, 57.1, 57.4), weight("w", 4, 3, 3, 3)];
    const model = modelOf(13, [], nodes, weights);
    model.graph!.input = [infoOf("x", ["n", 6, 5, 3], 2)];
    const bytes = writeModel(model);
    const x = Uint8Array.from({ length: 90 }, (_, i) => (i * 37) % 256);
    const session = await InferenceSession.create(bytes);
    const { y } = await session.run({ x: new Fed("uint8", x, [1, 6, 5, 3]) });
    const here = await loadOnnx(bytes);
    expect(here.inputShape).toEqual([6, 5, 3]);
    const made = here.predict({ data: x, shape: [1, 6, 5, 3] });
    expect(here.predict({ data: Float32Array.from(x, (byte) => byte / 255), shape: [1, 6, 5, 3] })).toEqual(made);
    // [1, 4, 4, 3] in the file.
    const wanted = y!.data as Float32Array;
    for (let c = 0; c < 4; c++)
      for (let p = 0; p < 12; p++) expect(made.data[p * 4 + c]).toBeCloseTo(wanted[c * 12 + p]!, 4);
    await session.release();
  });

  it("integers that are computed with are refused by the node", () => {
    const of = (nodes: NodeProto[], type = 6) => {
      const model = modelOf(13, [], nodes, [weight("w", 4)]);
      model.graph!.input = [infoOf("x", ["n", 4], type)];
      return () => importOnnx(writeModel(model));
    };
    const divided = [node("Div", ["x", "x"], ["d"]), node("Cast", ["d"], ["y"], { to: 1 })];
    expect(of(divided)).toThrow('input "x" expected floats, or integers that a Cast makes floats of, got Div of I32');
    expect(of([node("Max", ["x", "x"], ["y"])], 2)).toThrow("got Max of U8");
    expect(of([node("Greater", ["x", "w"], ["y"])])).not.toThrow();
    expect(of([node("Gather", ["w", "x"], ["y"])], 7)).toThrow("got Gather of I64");
    expect(of([node("Cast", ["x"], ["y"], { to: 1 })], 8)).toThrow('input "x" expected floats, got another type');
  });
});
