// QuantizeLinear and DequantizeLinear: networks in eight bits as onnxruntime computes them, and files that have them, here.
import { describe, expect, it } from "vitest";
import {
  AdaptiveAvgPool2d,
  BasicBlock,
  BatchNorm2d,
  Conv2d,
  cifarResNet,
  createModel,
  Flatten,
  Linear,
  MaxPool2d,
  mobilenetV2,
  ReLU,
  Sequential,
} from "../../../src/hosts/node/index.js";
import { importOnnx, loadOnnx, UnsupportedOpError } from "../../../src/hosts/node/onnx.js";
import { dequantizeOnnx, exportQdq, quantize } from "../../../src/hosts/node/quantize.js";
import type { NodeProto, TensorProto } from "../../../src/onnx/messages.js";
import { Reading } from "../../../src/onnx/protobuf.js";
import { readModel, writeModel } from "../../../src/onnx/read.js";
import { normals } from "../../support/kernels/compare.js";
import { infoOf, tensorOf } from "../../support/onnx-build.js";
import { runOutputs } from "../../support/onnx-runtime.js";

/** Root mean square of the difference, over that of b. */
function differs(a: Float32Array, b: Float32Array): number {
  const sum = (values: Float32Array) => values.reduce((total, x) => total + x * x, 0);
  return Math.sqrt(sum(a.map((x, i) => x - b[i])) / sum(b));
}

const networks = {
  "a ResNet for CIFAR": { network: () => cifarResNet(8), inputShape: [16, 16, 3] },
  "a max pool, stride 2, channels of a Linear": {
    network: () =>
      new Sequential(
        new Conv2d(3, 8, { kernelSize: 3, padding: 1, bias: false }),
        new BatchNorm2d(8),
        new ReLU(),
        new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
        new BasicBlock(8, 12, { stride: 2 }),
        new AdaptiveAvgPool2d(1),
        new Flatten(),
        new Linear(12, 7),
      ),
    inputShape: [13, 15, 3],
  },
  MobileNetV2: { network: () => mobilenetV2({ width: 0.35, classes: 6 }), inputShape: [32, 32, 3] },
};

describe.each(Object.entries(networks))("exportQdq, %s", (_, { network, inputShape }) => {
  it("writes what onnxruntime computes alike, and what comes back as the same network", async () => {
    const model = await createModel(network(), { inputShape, seed: 5, relaxedSimd: false });
    const x = normals(6 * inputShape.reduce((a, b) => a * b, 1), 3);
    const small = await quantize(model, x, { first: true, threads: 1 });
    const file = exportQdq(small);
    const { graph } = readModel(file, new Reading("test", file.length));
    const kinds = (graph?.node ?? []).map(({ opType }) => opType);
    const integers = small.report?.layers.filter(({ precision }) => precision === "int8").length ?? 0;
    expect(kinds.filter((kind) => kind === "QuantizeLinear").length).toBeGreaterThan(integers / 2);
    expect(
      (graph?.initializer ?? []).filter(({ dataType, dims }) => dataType === 3 && (dims?.length ?? 0) > 1).length,
    ).toBe(integers);
    const ours = small.predict(x).data;
    const [{ data }] = Object.values(await runOutputs(file, { data: x, shape: [6, ...inputShape] }));
    // Where numbers lie between two steps, the last bit of float32 decides.
    const loss = differs(model.predict(x).data, ours);
    expect(differs(data, ours)).toBeLessThan(loss / 3);
    const again = await loadOnnx(dequantizeOnnx(file), {
      inputShape: importOnnx(dequantizeOnnx(file)).inputShape ?? inputShape,
      relaxedSimd: false,
    });
    expect(differs(again.predict(x).data, ours)).toBeLessThan(loss / 3);
    expect(again.network.toJSON()).toBeDefined();
  });
});

/** What onnxruntime's static quantisation writes: u8 activations with a zero, weights by channel, a bias of int32. */
function staticallyQuantized(): Uint8Array {
  const scale = (name: string, ...values: number[]): TensorProto =>
    tensorOf(name, values.length > 1 ? [values.length] : [], values);
  const integers = (name: string, dataType: number, dims: number[], ...values: number[]): TensorProto => ({
    ...{ name, dims, dataType },
    rawData: new Uint8Array((dataType === 6 ? Int32Array : Int8Array).from(values).buffer),
  });
  const node = (opType: string, input: string[], output: string, axis?: number): NodeProto => ({
    ...{ opType, name: output, input, output: [output] },
    attribute: axis === undefined ? [] : [{ name: "axis", i: axis, type: 2 }],
  });
  const q = Array.from({ length: 4 * 3 * 9 }, (_, i) => ((i * 37) % 255) - 127);
  return writeModel({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "qdq",
      input: [infoOf("x", ["n", 3, 6, 5])],
      output: [infoOf("y", ["n", 4, 6, 5])],
      initializer: [
        ...[scale("sx", 0.05), integers("zx", 2, [], 100), scale("sw", 0.01, 0.02, 0.03, 0.04)],
        ...[integers("zw", 3, [4], 0, 0, 0, 0), integers("w_q", 3, [4, 3, 3, 3], ...q)],
        ...[scale("sb", 0.0005, 0.001, 0.0015, 0.002), integers("zb", 6, [4], 0, 0, 0, 0)],
        ...[integers("b_q", 6, [4], 100, -200, 300, 50), scale("sy", 0.5), integers("zy", 2, [], 0)],
      ],
      node: [
        node("QuantizeLinear", ["x", "sx", "zx"], "x_q"),
        node("DequantizeLinear", ["x_q", "sx", "zx"], "x_d"),
        node("DequantizeLinear", ["w_q", "sw", "zw"], "w", 0),
        node("DequantizeLinear", ["b_q", "sb", "zb"], "b", 0),
        {
          ...node("Conv", ["x_d", "w", "b"], "c"),
          attribute: [{ name: "pads", ints: [1, 1, 1, 1], type: 7 }],
        },
        node("Relu", ["c"], "r"),
        node("QuantizeLinear", ["r", "sy", "zy"], "r_q"),
        node("DequantizeLinear", ["r_q", "sy", "zy"], "y"),
      ],
    },
  });
}

describe("dequantizeOnnx", () => {
  const file = staticallyQuantized();
  const x = { data: normals(2 * 6 * 5 * 3, 4, 1.5), shape: [2, 6, 5, 3] };

  it("gives onnxruntime's outputs, step by step", async () => {
    const model = await loadOnnx(dequantizeOnnx(file), { relaxedSimd: false });
    const [{ data }] = Object.values(await runOutputs(file, x));
    const ours = model.predict(x.data).data;
    // A sum that lies on the edge of two steps may fall to either.
    const steps = ours.map((y, i) => Math.abs(y - data[i]) / 0.5);
    expect(steps.filter((step) => step > 0.01).length).toBeLessThanOrEqual(2);
    expect(Math.max(...steps)).toBeLessThan(1.01);
    expect(ours.some((y) => y > 0.5)).toBe(true);
  });

  it("is fetched by loadOnnx where a file wants it", async () => {
    const [model, same] = [await loadOnnx(file), await loadOnnx(dequantizeOnnx(file))];
    expect(model.predict(x.data)).toEqual(same.predict(x.data));
    await expect(loadOnnx(file, { inputShape: [6, 5, 2] })).rejects.toThrow();
    const { graph, ...rest } = readModel(file, new Reading("test", file.length));
    const node = graph?.node?.map((each) => (each.opType === "Relu" ? { ...each, opType: "Nowhere" } : each));
    await expect(loadOnnx(writeModel({ ...rest, graph: { ...graph, node } }))).rejects.toThrow(/Nowhere/);
  });

  it("is what importOnnx names where it meets such a file", () => {
    expect(() => importOnnx(file)).toThrow(UnsupportedOpError);
    expect(() => importOnnx(file)).toThrow("use dequantizeOnnx of resnet-wasm/quantize");
  });

  it("without rounding gives the plain network, which quantize takes", async () => {
    const model = await loadOnnx(dequantizeOnnx(file, { activations: "plain" }), { relaxedSimd: false });
    const rounded = await loadOnnx(dequantizeOnnx(file), { relaxedSimd: false });
    const difference = differs(rounded.predict(x.data).data, model.predict(x.data).data);
    expect(difference).toBeGreaterThan(1e-3);
    expect(difference).toBeLessThan(0.1);
    const small = await quantize(model, x.data, { first: true });
    expect(small.report?.layers.map(({ precision }) => precision)).toEqual(["int8"]);
    expect(small.report?.error).toBeLessThan(0.05);
  });

  it("refuses what stands in no pair, and scales that it cannot take", () => {
    const change = (edit: (nodes: NodeProto[], tensors: TensorProto[]) => void) => {
      const model = readModel(file, new Reading("test", file.length));
      edit(model.graph?.node ?? [], model.graph?.initializer ?? []);
      return () => dequantizeOnnx(writeModel(model));
    };
    expect(change((nodes) => nodes.splice(0, 1))).toThrow("weights, or what QuantizeLinear gives");
    expect(change((nodes) => void (nodes[1].input = ["x_q", "sy", "zx"]))).toThrow(
      "the scale and zero of its QuantizeLinear",
    );
    expect(change((nodes) => void (nodes[0].input = ["x", "sw", "zx"]))).toThrow("one scale for a whole activation");
    expect(change((nodes) => void (nodes[2].attribute = [{ name: "axis", i: 1, type: 2 }]))).toThrow(
      "3 scales along axis 1",
    );
    expect(change((nodes) => void (nodes[0].input = ["x", "none", "zx"]))).toThrow("a constant scale");
    expect(() => dequantizeOnnx(Uint8Array.of(1, 2, 3))).toThrow("dequantizeOnnx");
    expect(() => exportQdq({} as never)).toThrow("exportQdq: model expected a model in eight bits");
  });
});
