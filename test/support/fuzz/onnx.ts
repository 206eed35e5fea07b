import { importOnnx } from "../../../src/onnx/import.js";
import { writeModel } from "../../../src/onnx/read.js";
import { attributesOf, ints, modelOf, node, tensorOf } from "../onnx-build.js";
import type { Target } from "./fuzz.js";
import { mutateMessages } from "./structure.js";

const count = (length: number): number[] => Array.from({ length }, (_, i) => (i % 7) / 4 - 0.5);
const weights = (name: string, ...dims: number[]) => tensorOf(name, dims, count(dims.reduce((a, b) => a * b, 1)));
const raw = (name: string, ...dims: number[]) => {
  const { floatData, ...rest } = weights(name, ...dims);
  return { ...rest, rawData: new Uint8Array(Float32Array.from(floatData as number[]).buffer) };
};

/** A residual net with every kind of layer, shape arithmetic, functions, and constants of all types. */
function models() {
  const conv = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1], dilations: [1, 1], group: 1 };
  const norms = ["s", "b", "m", "v"].map((name) => weights(name, 4));
  const residual = modelOf(
    13,
    ["n", 3, 8, 8],
    [
      node("Conv", ["x", "w0"], ["c0"], conv),
      node("BatchNormalization", ["c0", "s", "b", "m", "v"], ["n0"], { epsilon: { f: 1e-5 } }),
      node("Relu", ["n0"], ["r0"]),
      node("Conv", ["r0", "w1", "b"], ["c1"], { ...conv, auto_pad: "SAME_LOWER" }),
      node("Add", ["c1", "n0"], ["sum"]),
      node("MaxPool", ["sum"], ["p"], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
      node("GlobalAveragePool", ["p"], ["g"]),
      node("Flatten", ["g"], ["f"], { axis: 1 }),
      node("Gemm", ["f", "w2", "b2"], ["l"], { transB: 1, alpha: { f: 1 } }),
      node("Softmax", ["l"], ["y"], { axis: 1 }),
    ],
    [raw("w0", 4, 3, 3, 3), weights("w1", 4, 4, 3, 3), ...norms, raw("w2", 5, 4), tensorOf("b2", [5], count(5), 11)],
  );
  const glue = modelOf(
    17,
    ["n", 4, 6],
    [
      node("Shape", ["x"], ["shape"]),
      node("Slice", ["shape", "i0", "i1"], ["n"]),
      node("Concat", ["n", "two", "two", "free"], ["target"], { axis: 0 }),
      node("Reshape", ["x", "target"], ["r"]),
      node("Transpose", ["r"], ["t"], { perm: [0, 2, 1, 3] }),
      node("Reshape", ["t", "back"], ["u"]),
      node("Split", ["u", "halves"], ["a", "c"], { axis: 1 }),
      node("Pad", ["c", "pads"], ["p"]),
      node("ReduceMean", ["a"], ["mean"], { axes: [2], keepdims: 1 }),
      node("Mul", ["p", "mean"], ["q"]),
      node("Expand", ["two", "two"], ["unused"]),
      node("Concat", ["q", "q"], ["z"], { axis: -1 }),
      node("Clip", ["z", "low"], ["y"]),
    ],
    [
      ints("i0", 0),
      ints("i1", 1),
      ints("two", 2),
      ints("free", -1),
      ints("back", 0, 4, -1),
      ints("halves", 2, 2),
      ints("pads", 0, 0, 1, 0, 0, 2),
      tensorOf("low", [], [0]),
    ],
  );
  const calls = modelOf(
    20,
    ["n", 4],
    [
      node("Twice", ["x"], ["h"], { k: { f: 0.5 } }, { domain: "mine" }),
      node("LayerNormalization", ["h", "w"], ["y"], { axis: -1 }),
    ],
    [weights("w", 4)],
    {
      functions: [
        {
          name: "Twice",
          domain: "mine",
          input: ["a"],
          output: ["d"],
          attributeProto: attributesOf({ k: { f: 1 } }),
          node: [
            { opType: "Elu", input: ["a"], output: ["b"], attribute: [{ name: "alpha", refAttrName: "k", type: 1 }] },
            node("Gelu", ["b"], ["c"], { approximate: "tanh" }),
            node("MatMul", ["c", "e"], ["d"]),
            node("Constant", [], ["e"], { value: weights("", 4, 4) }),
          ].sort((a, b) => Number(b.opType === "Constant") - Number(a.opType === "Constant")),
        },
      ],
    },
  );
  return [residual, glue, calls];
}

/** The whole importer: a file is a network with weights that fit it, or is refused. */
export function onnxTarget(): Target {
  return {
    files: models().map(writeModel),
    mutate: mutateMessages,
    read(bytes) {
      const { network, state, inputShape } = importOnnx(bytes);
      const { definition } = network;
      if (inputShape.length + 1 !== definition.shapes[definition.input]!.length) throw new Error(`input ${inputShape}`);
      for (const [name, { data, shape }] of state)
        if (shape.reduce((product, size) => product * size, 1) !== data.length) throw new Error(`${name}: [${shape}]`);
      return [...state.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    },
  };
}
