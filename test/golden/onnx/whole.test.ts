// Files without a batch, and those whose nodes mix the first axis: the whole input as one sample.
import { describe, expect, it } from "vitest";
import {
  type Builder,
  createModel,
  createTrainer,
  Layer,
  loadModel,
  mse,
  type Outputs,
  SGD,
  type Tensor,
  type ValueId,
} from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { writeModel } from "../../../src/onnx/read.js";
import { infoOf, ints, modelOf, node, numbers, weight } from "../../support/onnx-build.js";
import { runFile } from "../../support/onnx-runtime.js";

describe("an import without a batch", () => {
  const nodes = [
    node("Transpose", ["x"], ["t"], { perm: [1, 0] }, { name: "turned" }),
    node("MatMul", ["t", "w"], ["m"]),
    node("ReduceMax", ["m"], ["r"], { axes: [0], keepdims: 1 }),
    node("Sub", ["m", "r"], ["s"]),
    node("Concat", ["s", "m"], ["c"], { axis: 0 }),
    node("Slice", ["c", "from", "to", "axis"], ["y"]),
  ];
  const weights = [weight("w", 3, 5), ints("from", 1), ints("to", 7), ints("axis", 0)];
  const bytes = writeModel(modelOf(13, [3, 4], nodes, weights));
  const x = { data: Float32Array.from(numbers(12)), shape: [3, 4] };

  it("has the file's shapes, and gives what onnxruntime gives", async () => {
    expect(() => importOnnx(bytes)).toThrow();
    const { inputShape, report } = importOnnx(bytes, { batch: false });
    expect(inputShape).toEqual([3, 4]);
    expect(report.inputs).toEqual([{ name: "x", shape: [3, 4] }]);
    expect(report.outputs).toEqual([{ name: "y", shape: [6, 5] }]);
    const model = await loadOnnx(bytes, { batch: false });
    expect(model.outputShape).toEqual([6, 5]);
    const { y } = await runFile(bytes, x);
    const made = model.predict({ data: x.data, shape: [1, 3, 4] });
    expect(made.shape).toEqual([1, 6, 5]);
    for (const [i, value] of y!.data.entries()) expect(made.data[i]).toBeCloseTo(value, 5);
  });

  it("is trained and saved like any other, one sample at a time", async () => {
    const model = await loadOnnx(bytes, { batch: false });
    const trainer = createTrainer(model, { loss: mse(), optimizer: new SGD({ lr: 0.1 }) });
    const batch = { data: x.data, shape: [1, 3, 4] };
    const target = { data: new Float32Array(30), shape: [1, 6, 5] };
    const losses = Array.from({ length: 20 }, () => trainer.step(batch, target).loss);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
    const again = await loadModel(await model.save());
    expect(again.predict(batch).data).toEqual(model.predict(batch).data);
    expect(() => model.predict({ data: new Float32Array(24), shape: [2, 3, 4] })).toThrow(
      "input expected [1, 3, 4], got [2, 3, 4]",
    );
  });

  it("takes rows and single numbers, and gives constants", async () => {
    const nodes = [node("Neg", ["x"], ["y"]), node("Neg", ["w"], ["z"]), node("Shape", ["x"], ["s"])];
    for (const shape of [[4], []]) {
      const model = modelOf(13, shape, nodes, [weight("w", 2)]);
      model.graph!.output!.push(infoOf("z", [2]), infoOf("s", [shape.length]));
      const size = shape[0] ?? 1;
      const loaded = await loadOnnx(writeModel(model), { batch: false, ...(size === 1 && { outputs: ["y", "z"] }) });
      expect(loaded.inputShape).toEqual([size]);
      const made = loaded.predict<Outputs>({ data: Float32Array.from(numbers(size)), shape: [1, size] });
      expect(made["y"]!.data).toEqual(Float32Array.from(numbers(size), (value) => -value));
      expect(made["z"]!.data).toEqual(Float32Array.from(model.graph!.initializer![0]!.floatData!, (value) => -value));
      if (size > 1) expect(made["s"]!.data).toEqual(Float32Array.of(4));
    }
  });
});

it("gives constants where nothing reads the input", async () => {
  const model = await loadOnnx(writeModel(modelOf(13, [3, 4], [node("Shape", ["x"], ["y"])])), { batch: false });
  expect(model.predict({ data: new Float32Array(12), shape: [1, 3, 4] }).data).toEqual(Float32Array.of(3, 4));
});

/** x + w, where w is turned round twice before. */
class PlusWeight extends Layer {
  readonly type = "PlusWeight";

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const w = b.parameter("w", [2, 3], { init: 1 });
    return b.add(x, b.reshape(b.relu(b.reshape(w, [6])), [1, 2, 3]));
  }
}

it("what is made of weights alone is there under other shapes too", async () => {
  const model = await createModel(new PlusWeight(), { inputShape: [2, 3] });
  const y: Tensor = model.predict({ data: new Float32Array(6), shape: [1, 2, 3] });
  expect(y.data).toEqual(new Float32Array(6).fill(1));
});
