/** The networks as ONNX models, as exporters write them; ONNX Runtime folds and fuses when it loads them. */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const FLOAT = 1;
const INT64 = 7;

const bytes = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const floats = (name, dims, data) => ({ name, dims, dataType: FLOAT, rawData: bytes(data) });
const integers = (name, values) => ({
  name,
  dims: [values.length],
  dataType: INT64,
  rawData: bytes(BigInt64Array.from(values, BigInt)),
});
const ints = (name, values) => ({ name, type: onnx.AttributeProto.AttributeType.INTS, ints: values });
const int = (name, i) => ({ name, type: onnx.AttributeProto.AttributeType.INT, i });
const float = (name, f) => ({ name, type: onnx.AttributeProto.AttributeType.FLOAT, f });
const tensor = (name, dims) => ({
  name,
  type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});
const channelsFirst = (shape) => (shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape);

function encode(graph) {
  const model = { irVersion: 9, producerName: "resnet-wasm-bench", opsetImport: [{ domain: "", version: 20 }], graph };
  return onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish();
}

const isImage = ({ shape }) => shape.length === 3;
const unary =
  (opType, attribute = []) =>
  (_, y, input) => [{ opType, input, output: [y], attribute }];

/** Operators for one operation, whose value is called `y`; may add initializers. */
const rules = {
  conv: ({ name, kernel, stride, groups, bias, pad: [before, after] }, y, [x]) => [
    {
      opType: "Conv",
      input: [x, `${name}.weight`, ...(bias ? [`${name}.bias`] : [])],
      output: [y],
      attribute: [
        ints("kernel_shape", [kernel, kernel]),
        ints("strides", [stride, stride]),
        ints("pads", [before, before, after, after]),
        int("group", groups),
      ],
    },
  ],
  norm: ({ name, epsilon }, y, [x]) => [
    {
      opType: "BatchNormalization",
      input: [x, ...["weight", "bias", "running_mean", "running_var"].map((part) => `${name}.${part}`)],
      output: [y],
      attribute: [float("epsilon", epsilon)],
    },
  ],
  layerNorm(op, y, [x]) {
    const { name, epsilon } = op;
    const [from, to] = isImage(op) ? [`${y}.last`, `${y}.norm`] : [x, y];
    const norm = {
      opType: "LayerNormalization",
      input: [from, `${name}.weight`, `${name}.bias`],
      output: [to],
      attribute: [float("epsilon", epsilon)],
    };
    if (!isImage(op)) return [norm];
    const turned = (input, output, perm) => ({ opType: "Transpose", input: [input], output: [output], attribute: [ints("perm", perm)] }); // biome-ignore format: one line
    return [turned(x, from, [0, 2, 3, 1]), norm, turned(to, y, [0, 3, 1, 2])];
  },
  linear: ({ name }, y, [x]) => [
    { opType: "Gemm", input: [x, `${name}.weight`, `${name}.bias`], output: [y], attribute: [int("transB", 1)] },
  ],
  relu: unary("Relu"),
  relu6(_, y, [x], initializers) {
    initializers.push(floats(`${y}.min`, [], Float32Array.of(0)), floats(`${y}.max`, [], Float32Array.of(6)));
    return [{ opType: "Clip", input: [x, `${y}.min`, `${y}.max`], output: [y] }];
  },
  hardswish: unary("HardSwish"),
  hardsigmoid: unary("HardSigmoid", [float("alpha", 1 / 6), float("beta", 0.5)]),
  silu: (_, y, [x]) => [
    { opType: "Sigmoid", input: [x], output: [`${y}.gate`] },
    { opType: "Mul", input: [x, `${y}.gate`], output: [y] },
  ],
  sigmoid: unary("Sigmoid"),
  gelu: unary("Gelu"),
  softmax: unary("Softmax"),
  add: unary("Add"),
  gate: unary("Mul"),
  layerScale({ name, shape }, y, [x], initializers, parameters) {
    initializers.push(floats(`${y}.scale`, [1, shape.at(-1), 1, 1], parameters.get(name).data));
    return [{ opType: "Mul", input: [x, `${y}.scale`], output: [y] }];
  },
  maxPool: unary("MaxPool", [ints("kernel_shape", [3, 3]), ints("strides", [2, 2]), ints("pads", [1, 1, 1, 1])]),
  mean: unary("GlobalAveragePool"),
  globalPool: (_, y, input) => [
    { opType: "GlobalAveragePool", input, output: [`${y}.map`] },
    { opType: "Flatten", input: [`${y}.map`], output: [y] },
  ],
  padShortcut({ added }, y, [x], initializers) {
    initializers.push(integers(`${y}.starts`, [0, 0]), integers(`${y}.ends`, [9999, 9999]));
    initializers.push(integers(`${y}.axes`, [2, 3]), integers(`${y}.steps`, [2, 2]));
    initializers.push(integers(`${y}.pads`, [0, added, 0, 0, 0, added, 0, 0]));
    const slice = ["starts", "ends", "axes", "steps"].map((part) => `${y}.${part}`);
    return [
      { opType: "Slice", input: [x, ...slice], output: [`${y}.half`] },
      { opType: "Pad", input: [`${y}.half`, `${y}.pads`], output: [y] },
    ];
  },
};

/** Input "x" [batch, c, h, w] or [batch, n], output "y". */
export function networkModel({ ops, parameters: used }, parameters, batch) {
  const scales = new Set(ops.filter(({ kind }) => kind === "layerScale").map(({ name }) => name));
  const initializer = used
    .filter(({ name }) => !scales.has(name))
    .map(({ name }) => floats(name, parameters.get(name).shape, parameters.get(name).data));
  const names = ops.map((_, i) => (i === 0 ? "x" : i === ops.length - 1 ? "y" : `value${i}`));
  const node = ops.flatMap((op, i) =>
    op.kind === "input"
      ? []
      : rules[op.kind](
          op,
          names[i],
          op.inputs.map((x) => names[x]),
          initializer,
          parameters,
        ),
  );
  const input = [tensor("x", [batch, ...channelsFirst(ops[0].shape)])];
  const output = [tensor("y", [batch, ...channelsFirst(ops.at(-1).shape)])];
  return encode({ name: "net", node, initializer, input, output });
}

/** y = a b */
export function productModel({ m, n, k }) {
  const node = [{ opType: "MatMul", input: ["a", "b"], output: ["y"] }];
  return encode({ name: "product", node, input: [tensor("a", [m, k]), tensor("b", [k, n])], output: [tensor("y", [m, n])] }); // biome-ignore format: one line
}
