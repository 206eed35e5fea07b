// Small files by hand: what the import makes of them, against the definitions of their ops in float64.
import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError } from "../../../src/core/errors.js";
import {
  activations,
  createModel,
  createTrainer,
  crossEntropy,
  freeze,
  gradCam,
  layerFromJSON,
  loadModel,
  SGD,
} from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { importOnnx } from "../../../src/onnx/import.js";
import type { ModelProto, NodeProto } from "../../../src/onnx/messages.js";
import { writeModel } from "../../../src/onnx/read.js";
import { infoOf, ints, modelOf, netOf, node, numbers, residualModel, weight } from "../../support/onnx-build.js";
import { compare, nhwc } from "../../support/onnx-compare.js";
import { runNet } from "../../support/onnx-reference.js";

const conv = (x: string, w: string, y: string, more = {}): NodeProto =>
  node("Conv", [x, w], [y], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], ...more }, { name: `/${w}/Conv` });

const residual = () => residualModel([3, 7, 6], 4);

describe("an imported network", () => {
  it("predicts as the file does, for any batch", () => compare(residual(), [3, 7, 6]));

  it("may come in any view of bytes, Node's Buffers included", () => {
    const bytes = writeModel(residual());
    const state = (file: Uint8Array | ArrayBuffer) => [...importOnnx(file).state.get("fc.weight")!.data];
    const shifted = Buffer.concat([Buffer.from("abc"), bytes]).subarray(3);
    expect(state(shifted)).toEqual(state(bytes));
    expect(state(bytes.buffer)).toEqual(state(bytes));
  });

  it("has the file's names, its BatchNorms, and a report", async () => {
    const { network, state, inputShape, report } = importOnnx(writeModel(residual()));
    const model = await createModel(network, { inputShape });
    expect(inputShape).toEqual([7, 6, 3]);
    const names = [...model.stateDict().keys()].filter((name) => !name.endsWith("num_batches_tracked"));
    expect(names.sort()).toEqual([...state.keys()].sort());
    expect(names).toContain("bn1.running_var");
    expect(report).toMatchObject({
      opset: 13,
      inputs: [{ name: "x", shape: [3, 7, 6] }],
      outputs: [{ name: "y", shape: [4] }],
      nodes: { conv: 2, batchNorm: 2, add: 1 },
    });
    expect(report.parameters).toContain("fc.bias");
    expect(report.constants).toEqual(["bn1.running_mean", "bn1.running_var", "bn2.running_mean", "bn2.running_var"]);
  });

  it("trains: weights and statistics move, what is frozen stays, and it is saved with what it learnt", async () => {
    const model = await loadOnnx(writeModel(residual()), { logits: true, seed: 3 });
    freeze(model, "conv1");
    const before = model.stateDict();
    const x = { data: nhwc(numbers(4 * 126, 9), [4, 3, 7, 6]), shape: [4, 7, 6, 3] };
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
    const losses = Array.from({ length: 20 }, () => trainer.step(x, [0, 1, 2, 3]).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.8);
    const after = model.stateDict();
    expect(after.get("conv1.weight")!.data).toEqual(before.get("conv1.weight")!.data);
    for (const name of ["conv2.weight", "bn2.weight", "bn2.running_mean", "fc.bias"])
      expect(after.get(name)!.data).not.toEqual(before.get(name)!.data);
    const again = await loadModel(await model.save());
    expect(again.predict(x).data).toEqual(model.predict(x).data);
  });

  it("is a layer: it goes to JSON and back, and into others", async () => {
    const { network, state } = importOnnx(writeModel(residual()));
    const copy = layerFromJSON(JSON.parse(JSON.stringify(network)));
    const model = await createModel(copy, { inputShape: [7, 6, 3] });
    model.loadStateDict(state);
    const same = await loadOnnx(writeModel(residual()));
    const x = { data: Float32Array.from(numbers(126)), shape: [1, 7, 6, 3] };
    expect(model.predict(x).data).toEqual(same.predict(x).data);
    expect(model.summary().toString()).toContain("bn1");
  });

  it("has a layer for each node, by the file's name and by its path", async () => {
    const deep = residual();
    deep.graph!.node![0]!.name = "/stem/stem.0/conv1/Conv";
    const model = await loadOnnx(writeModel(deep));
    const rows = model.summary().split("\n");
    expect(rows.find((row) => row.includes("Conv (conv)"))).toMatch(/\[n, 4, 3, 8\] +216 +2,592$/);
    expect(rows.find((row) => row.includes("bn1 (batchNorm)"))).toMatch(/\[n, 4, 3, 8\] +16 /);
    const x = { data: Float32Array.from(numbers(126)), shape: [1, 7, 6, 3] };
    const found = activations(model, x, ["/stem/stem.0/conv1/Conv", "stem.0.conv1.Conv", "bn2", "fc.Gemm"]);
    expect([...found.values()].map(({ shape }) => shape)).toEqual([
      [1, 4, 3, 8],
      [1, 4, 3, 8],
      [1, 4, 3, 8],
      [1, 4],
    ]);
    expect(found.get("stem.0.conv1.Conv")).toEqual(found.get("/stem/stem.0/conv1/Conv"));
    expect(gradCam(model, x, { layer: "bn2" }).shape).toEqual([1, 4, 3]);
    expect(() => activations(model, x, ["conv9"])).toThrow(
      /layer expected one of stem\.0\.conv1\.Conv, bn1, .* got "conv9"/,
    );
  });

  it("gives a node that the file has channels last in the file's order", async () => {
    const nodes = [
      node("Transpose", ["x"], ["t"], { perm: [0, 2, 3, 1] }, { name: "turned" }),
      node("Sigmoid", ["t"], ["s"], {}, { name: "sigmoid" }),
      node("Transpose", ["s"], ["y"], { perm: [0, 3, 1, 2] }, { name: "back" }),
    ];
    const bytes = writeModel(
      modelOf(
        13,
        ["n", 2, 3, 4],
        [node("Relu", ["x"], ["r"]), ...nodes.map((each, i) => (i ? each : { ...each, input: ["r"] }))],
      ),
    );
    const model = await loadOnnx(bytes);
    const x = numbers(24);
    const s = activations(model, { data: x, shape: [1, 3, 4, 2] }, ["sigmoid"]).get("sigmoid")!;
    expect(s.shape).toEqual([1, 3, 4, 2]);
    const relu = x.map((value) => 1 / (1 + Math.exp(-Math.max(0, value))));
    const expected = relu;
    for (const [i, value] of expected.entries()) expect(s.data[i]).toBeCloseTo(value, 5);
  });

  it("gives images channels last, and shares what the file shares", async () => {
    const model = modelOf(
      13,
      ["n", 4, 5, 5],
      [conv("x", "w", "a"), conv("a", "w", "b"), node("Tanh", ["b"], ["y"])],
      [weight("w", 4, 4, 3, 3)],
    );
    await compare(model, [4, 5, 5]);
    expect([...importOnnx(writeModel(model)).state.keys()]).toEqual(["w"]);
  });

  it("orders what it flattens as the file does", () => {
    const weights = [weight("w", 4, 3, 3, 3), weight("m", 4 * 4 * 4, 3)];
    return compare(
      modelOf(
        13,
        ["n", 3, 4, 4],
        [conv("x", "w", "a"), node("Flatten", ["a"], ["f"]), node("MatMul", ["f", "m"], ["y"])],
        weights,
      ),
      [3, 4, 4],
    );
  });

  it("moves nothing for transpositions between layers", async () => {
    const nodes = [
      conv("x", "w", "a"),
      node("Transpose", ["a"], ["last"], { perm: [0, 2, 3, 1] }),
      node("LayerNormalization", ["last", "g", "b"], ["ln"], { axis: -1 }),
      node("MatMul", ["ln", "m"], ["mm"]),
      node("Add", ["mm", "bias"], ["lin"]),
      node("Transpose", ["lin"], ["first"], { perm: [0, 3, 1, 2] }),
      node("Mul", ["first", "scale"], ["scaled"]),
      node("Add", ["scaled", "a"], ["y"]),
    ];
    const weights = [
      weight("w", 6, 3, 3, 3),
      weight("g", 6),
      weight("b", 6),
      weight("m", 6, 6),
      weight("bias", 6),
      weight("scale", 6, 1, 1),
    ];
    const model = modelOf(17, ["n", 3, 4, 4], nodes, weights);
    await compare(model, [3, 4, 4]);
    expect(importOnnx(writeModel(model)).state.get("scale")!.shape).toEqual([6, 1, 1]);
  });

  it("keeps the order of a file that takes channels last", async () => {
    const nodes = [
      node("Transpose", ["x"], ["t"], { perm: [0, 3, 1, 2] }),
      conv("t", "w", "c"),
      node("ReduceMean", ["c"], ["y"], { axes: [2, 3], keepdims: 0 }),
    ];
    const bytes = writeModel(modelOf(13, ["n", 4, 5, 3], nodes, [weight("w", 2, 3, 3, 3)]));
    const { inputShape } = importOnnx(bytes);
    expect(inputShape).toEqual([4, 5, 3]);
    const x = Float32Array.from(numbers(60));
    const net = netOf(bytes);
    const expected = runNet(net, { shape: [1, 4, 5, 3], data: x }).get("y")!.data;
    const y = (await loadOnnx(bytes)).predict(x).data;
    expect(Math.hypot(...[...y].map((value, i) => value - expected[i]!))).toBeLessThan(1e-6);
  });

  it("takes other sizes, further inputs as weights, and leaves a final Softmax out", async () => {
    const bytes = writeModel(residual());
    expect(importOnnx(bytes, { inputShape: [9, 8, 3] }).inputShape).toEqual([9, 8, 3]);
    const [plain, logits] = [await loadOnnx(bytes), await loadOnnx(bytes, { logits: true })];
    const x = Float32Array.from(numbers(126));
    const sum = (values: Float32Array) => values.reduce((a, b) => a + b, 0);
    expect(sum(plain.predict(x).data)).toBeCloseTo(1, 5);
    expect(sum(logits.predict(x).data)).not.toBeCloseTo(1, 2);
    const model = modelOf(13, ["n", 2], [node("MatMul", ["x", "W"], ["y"])]);
    model.graph!.input!.push(infoOf("W", [2, 3]));
    expect(() => importOnnx(writeModel(model))).toThrow(
      'inputs expected one, got ["x", "W"]. Pass { inputs } for the others',
    );
    const bound = importOnnx(writeModel(model), { inputs: { W: { data: [1, 2, 3, 4, 5, 6], shape: [2, 3] } } });
    expect([...bound.state.get("W")!.data]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it("waits for external data", async () => {
    const model = modelOf(13, ["n", 2], [node("MatMul", ["x", "a"], ["h"]), node("MatMul", ["h", "b"], ["y"])]);
    const outside = (name: string) => ({
      name,
      dims: [2, 2],
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: "location", value: `${name}.bin` }],
    });
    model.graph!.initializer = [outside("a"), outside("b")];
    const asked: string[] = [];
    const externalData = async (location: string) => {
      asked.push(location);
      return new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    };
    const loaded = await loadOnnx(writeModel(model), { externalData });
    expect([...loaded.predict([1, 1]).data]).toEqual([22, 32]);
    expect(asked).toEqual(["a.bin", "b.bin"]);
    await expect(
      loadOnnx(writeModel(model), { externalData: () => Promise.reject(new Error("offline")) }),
    ).rejects.toThrow("offline");
  });
});

describe("what cannot be imported", () => {
  const refused = (model: ModelProto, message: string) => {
    expect(() => importOnnx(writeModel(model))).toThrow(FormatError);
    expect(() => importOnnx(writeModel(model))).toThrow(message);
  };

  it("is named with its nodes, all at once", () => {
    const nodes = [
      node("ReduceMax", ["x"], ["a"], { axes: [0], keepdims: 1 }, { name: "most" }),
      node("Mod", ["x", "a"], ["y"], {}, { name: "rest" }),
    ];
    refused(
      modelOf(13, ["n", 2, 4, 4], nodes),
      'nodes expected ops that the library has, got reduceMax (node "most": over the batch), mod (node "rest")',
    );
  });

  it("is no file at all", () => {
    expect(() => importOnnx(new Uint8Array())).toThrow("importOnnx: file expected a model with a graph, got none");
    expect(() => importOnnx(new TextEncoder().encode("not an onnx file"))).toThrow(FormatError);
    expect(() => importOnnx("net.onnx" as never)).toThrow(ArgumentError);
    expect(() => importOnnx(new Uint8Array(), { inputShap: [1] } as never)).toThrow(
      'option expected inputShape, externalData, inputs, outputs, batch, logits, fileName, got "inputShap"',
    );
  });
});

it("a Reshape from exporters with a fixed batch takes any", () =>
  compare(
    modelOf(
      13,
      [1, 3, 4, 4],
      [
        conv("x", "w", "a"),
        node("GlobalAveragePool", ["a"], ["p"]),
        node("Reshape", ["p", "s"], ["f"]),
        node("MatMul", ["f", "m"], ["y"]),
      ],
      [weight("w", 4, 3, 3, 3), ints("s", 1, 4), weight("m", 4, 2)],
    ),
    [3, 4, 4],
  ));
