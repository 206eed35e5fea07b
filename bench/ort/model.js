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
  const model = { irVersion: 7, producerName: "resnet-wasm-bench", opsetImport: [{ domain: "", version: 13 }], graph };
  return onnx.ModelProto.encode(onnx.ModelProto.fromObject(model)).finish();
}

/** Operators for one operation, whose value is called `y`; may add initializers. */
const rules = {
  conv: ({ name, kernel, stride, pad }, y, [x]) => [
    {
      opType: "Conv",
      input: [x, `${name}.weight`],
      output: [y],
      attribute: [
        ints("kernel_shape", [kernel, kernel]),
        ints("strides", [stride, stride]),
        ints("pads", [pad, pad, pad, pad]),
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
  linear: ({ name }, y, [x]) => [
    { opType: "Gemm", input: [x, `${name}.weight`, `${name}.bias`], output: [y], attribute: [int("transB", 1)] },
  ],
  relu: (_, y, input) => [{ opType: "Relu", input, output: [y] }],
  add: (_, y, input) => [{ opType: "Add", input, output: [y] }],
  maxPool: (_, y, input) => [
    {
      opType: "MaxPool",
      input,
      output: [y],
      attribute: [ints("kernel_shape", [3, 3]), ints("strides", [2, 2]), ints("pads", [1, 1, 1, 1])],
    },
  ],
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
  const initializer = used.map(({ name }) => floats(name, parameters.get(name).shape, parameters.get(name).data));
  const names = ops.map((_, i) => (i === 0 ? "x" : i === ops.length - 1 ? "y" : `value${i}`));
  const node = ops.flatMap((op, i) =>
    op.kind === "input"
      ? []
      : rules[op.kind](
          op,
          names[i],
          op.inputs.map((x) => names[x]),
          initializer,
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
