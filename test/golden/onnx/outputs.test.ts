// Networks of ONNX files with several outputs.
import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError } from "../../../src/core/errors.js";
import {
  activations,
  createModel,
  createTrainer,
  crossEntropy,
  gradCam,
  gradcheck,
  loadModel,
  type Model,
  type Outputs,
  Sequential,
  SGD,
} from "../../../src/hosts/node/index.js";
import { loadModel as loadPredictor } from "../../../src/hosts/node/inference.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { exportOnnx } from "../../../src/onnx/export.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { writeModel } from "../../../src/onnx/read.js";
import { modelOf, netOf, node, numbers, weight } from "../../support/onnx-build.js";
import { runNet } from "../../support/onnx-reference.js";
import { runOutputs, turn } from "../../support/onnx-runtime.js";

/** Classes [n, 3], features [n, 4, 5, 6] and a probability [n, 1] of images; "495" and "a/b" are names too. */
function severalHeads() {
  const conv = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const nodes = [
    node("Conv", ["x", "w"], ["c"], conv),
    node("Relu", ["c"], ["495"]),
    node("GlobalAveragePool", ["495"], ["p"]),
    node("Flatten", ["p"], ["f"]),
    node("Gemm", ["f", "fc"], ["logits"], { transB: 1 }, { name: "classes" }),
    node("Softmax", ["logits"], ["classes"]),
    node("MatMul", ["f", "m"], ["s"]),
    node("Sigmoid", ["s"], ["a/b"]),
  ];
  const model = modelOf(13, ["n", 2, 5, 6], nodes, [weight("w", 4, 2, 3, 3), weight("fc", 3, 4), weight("m", 4, 1)]);
  model.graph!.output = [{ name: "classes" }, { name: "495" }, { name: "a/b" }];
  return writeModel(model);
}

const bytes = severalHeads();
const sample = (n: number) => ({ data: Float32Array.from(numbers(n * 60, 3)), shape: [n, 5, 6, 2] });
const plain = (outputs: Outputs) =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data, shape }]) => [name, { data: [...data], shape }]));

/** By the definitions of the ops, in float64. */
function expected(n: number): Outputs {
  const x = turn(sample(n), "first");
  const values = runNet(netOf(bytes), { shape: [...x.shape], data: x.data });
  return Object.fromEntries(
    ["classes", "495", "a/b"].map((name) => {
      const { data, shape } = values.get(name)!;
      const { data: turned, shape: last } = turn({ data: Float32Array.from(data), shape }, "last");
      return [name, { data: turned as Float32Array<ArrayBuffer>, shape: [...last] }];
    }),
  );
}

function expectNear(got: Outputs, wanted: Outputs): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, { data, shape }] of Object.entries(wanted)) {
    expect(got[name]!.shape).toEqual(shape);
    const error = got[name]!.data.reduce((most, value, i) => Math.max(most, Math.abs(value - data[i]!)), 0);
    expect(error, name).toBeLessThan(2e-6);
  }
}

describe("a network with several outputs", () => {
  it("gives a record by the file's names, in any batch size", async () => {
    const model = await loadOnnx(bytes);
    expect(model.outputShapes).toEqual({ classes: [3], "495": [5, 6, 4], "a/b": [1] });
    expect(model.outputShape).toEqual([124]);
    for (const n of [1, 3]) {
      expectNear(model.predict<Outputs>(sample(n)), expected(n));
      expectNear(model.predict<Outputs>(sample(n), { batchSize: 2 }), expected(n));
      expectNear(model.forward<Outputs>(sample(n)), expected(n));
    }
    const found = activations(model, sample(2), ["classes", "Relu_1"]);
    expect(found.get("Relu_1")!.data).toEqual(model.predict<Outputs>(sample(2))["495"]!.data);
  });

  it("is saved with them, for every entry", async () => {
    const model = await loadOnnx(bytes, { seed: 2 });
    const saved = await model.save();
    const y = plain(model.predict<Outputs>(sample(3)));
    expect(plain((await loadModel(saved)).predict<Outputs>(sample(3)))).toEqual(y);
    expect(plain((await loadPredictor(saved)).predict<Outputs>(sample(3)))).toEqual(y);
  });

  it("is written by exportOnnx with its names", async () => {
    const model = await loadOnnx(bytes);
    const file = exportOnnx(model);
    const y = await runOutputs(file, sample(2));
    expectNear(y as Outputs, expected(2));
    expectNear((await loadOnnx(file)).predict<Outputs>(sample(2)), expected(2));
  });

  it("takes a gradient for each output, 0 where none is given", async () => {
    const model = await loadOnnx(bytes);
    const gradient = (pick: string, of: Model = model) => {
      of.forward(sample(2));
      const shape = [2, ...model.outputShapes![pick]!];
      const dy = {
        data: numbers(
          shape.reduce((a, b) => a * b),
          9,
        ),
        shape,
      };
      const dx = of === model ? of.backward({ [pick]: dy }) : of.backward(dy);
      return [...dx.data, ...of.gradients().get("w")!.data];
    };
    for (const name of ["classes", "495", "a/b"]) {
      const alone = await loadOnnx(bytes, { outputs: [name] });
      const [many, one] = [gradient(name), gradient(name, alone)];
      expect(many.some((value) => value !== 0)).toBe(true);
      for (const [i, value] of one.entries()) expect(many[i]).toBeCloseTo(value, 5);
    }
    const all = () => {
      model.forward(sample(2));
      return model;
    };
    expect(() => all().backward({ other: [[1], [1]] })).toThrow(
      'backward: dy expected gradients by output: classes, 495, a/b, got ["other"]',
    );
    expect(() => all().backward([1, 2, 3])).toThrow("dy expected gradients by output");
    expect(() => all().backward({})).toThrow("dy expected gradients by output");
    expect(() => all().backward({ classes: [[1, 2]] })).toThrow("dy.classes expected [n, 3]");
    expect(() => all().backward({ classes: [[1, 2, 3]], "a/b": [[1], [2]] })).toThrow(
      "dy expected gradients by output",
    );
    expect(() => all().backward({ classes: [[1, 2, 3]] })).toThrow("batch size expected 2, got 1");
  });

  it("is refused by what works on one output, with the cure", async () => {
    const model = await loadOnnx(bytes);
    const cure = /expected one output, got classes, 495, a\/b\. Import the file with \{ outputs: \["classes"\] \}/;
    expect(() => createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 1 }) })).toThrow(ArgumentError);
    expect(() => createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 1 }) })).toThrow(cure);
    expect(() => gradCam(model, sample(1), { layer: "Relu_1" })).toThrow(cure);
    expect(() => gradcheck(model)).toThrow(cure);
    await expect(model.classify({ data: new Uint8Array(120), width: 6, height: 5 })).rejects.toThrow(cure);
    await expect(createModel(new Sequential(importOnnx(bytes).network), { inputShape: [5, 6, 2] })).rejects.toThrow(
      "outputs expected one, where a network is part of another",
    );
  });

  it("trains where one is taken", async () => {
    const model = await loadOnnx(bytes, { outputs: ["classes"], logits: true });
    expect(model.outputShape).toEqual([3]);
    expect([...model.stateDict().keys()].sort()).toEqual(["fc", "w"]);
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
    const losses = Array.from({ length: 100 }, () => trainer.step(sample(3), [0, 1, 2]).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.97);
  });

  it("has whatever values of the file are asked for", async () => {
    const { report } = importOnnx(bytes, { outputs: ["c", "logits"] });
    expect(report.outputs).toEqual([
      { name: "c", shape: [4, 5, 6] },
      { name: "logits", shape: [3] },
    ]);
    const { logits } = (await loadOnnx(bytes, { outputs: ["logits", "c"] })).predict<Outputs>(sample(1));
    const direct = (await loadOnnx(bytes, { outputs: ["classes"], logits: true })).predict(sample(1));
    expect(logits!.data).toEqual(direct.data);
    expect(() => importOnnx(bytes, { outputs: ["z"] })).toThrow('output "z" expected a value that is made, got none');
    expect(() => importOnnx(bytes, { outputs: ["c", "c"] })).toThrow('output "c" expected a value of each sample');
    expect(() => importOnnx(bytes, { outputs: ["w", "c"] })).toThrow(FormatError);
    expect(() => importOnnx(bytes, { outputs: ["w", "c"] })).toThrow(
      'output "w" expected a value of each sample, [n, …], once, got a constant. Pass { outputs } with the names of others',
    );
    expect(() => importOnnx(bytes, { outputs: [] })).toThrow("outputs expected names of values");
  });

  it("loses the Softmax and the Sigmoid that make them where logits are asked for", async () => {
    const logits = (await loadOnnx(bytes, { logits: true })).predict<Outputs>(sample(2));
    const probabilities = expected(2);
    const odds = [...probabilities["a/b"]!.data].map((p) => Math.log(p / (1 - p)));
    for (const [i, value] of odds.entries()) expect(logits["a/b"]!.data[i]).toBeCloseTo(value, 4);
    expect(logits["495"]!.data).toEqual((await loadOnnx(bytes)).predict<Outputs>(sample(2))["495"]!.data);
  });
});
