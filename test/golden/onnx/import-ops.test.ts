// Ops of files by hand in the layouts of images: what the import makes of them, against their definitions in float64.
import { describe, expect, it } from "vitest";
import { loadModel } from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { exportOnnx } from "../../../src/onnx/export.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { writeModel } from "../../../src/onnx/read.js";
import { modelOf, node, numbers, tensorOf, weight } from "../../support/onnx-build.js";
import { compare } from "../../support/onnx-compare.js";
import { runOnnx } from "../../support/onnx-runtime.js";

const conv = (attributes: object) =>
  node("Conv", ["x", "w"], ["y"], { kernel_shape: [3, 3], ...attributes }, { name: "conv" });

describe("windows with other padding on each side", () => {
  it.each([1, 2])("of convolutions, in steps of %i", (stride) => {
    const attributes = { pads: [0, 2, 1, 1], strides: [stride, stride] };
    const model = modelOf(13, ["n", 4, 6, 7], [conv(attributes)], [weight("w", 8, 4, 3, 3)]);
    return compare(model, [4, 6, 7]);
  });

  it.each([
    ["MaxPool", {}],
    ["AveragePool", { count_include_pad: 1 }],
    ["AveragePool", {}],
    ["AveragePool", { count_include_pad: 1, dilations: [2, 1] }],
    ["AveragePool", { dilations: [1, 2], ceil_mode: 1 }],
  ])("of %s %j", async (op, more) => {
    const attributes = { kernel_shape: [3, 3], pads: [0, 1, 1, 0], strides: [2, 1], ...more };
    const model = modelOf(19, ["n", 2, 7, 6], [node(op, ["x"], ["y"], attributes)]);
    await compare(model, [2, 7, 6]);
    const opened = await loadOnnx(writeModel(model));
    const x = { data: Float32Array.from(numbers(84)), shape: [1, 7, 6, 2] };
    const again = await runOnnx(exportOnnx(opened), x);
    const expected = opened.predict(x).data;
    for (const [i, value] of again.data.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
  });
});

describe("elementwise ops", () => {
  const SHAPES: [name: string, shape: number[]][] = [
    ["each channel", [3, 1, 1]],
    ["one channel first", [1, 3, 1, 1]],
    ["rows", [4, 1]],
    ["columns", [5]],
    ["all of an image", [3, 4, 5]],
    ["some of an image", [3, 1, 5]],
    ["one number", []],
    ["one number of four dimensions", [1, 1, 1, 1]],
  ];
  it.each(
    ["Add", "Sub", "Mul", "Div", "Max", "Min", "Less"].flatMap((op) => SHAPES.map((each) => [op, ...each] as const)),
  )("%s of images by weights for %s", async (op, _, shape) => {
    for (const inputs of [
      ["x", "w"],
      ["w", "x"],
    ])
      await compare(modelOf(13, ["n", 3, 4, 5], [node(op, inputs, ["y"])], [weight("w", ...shape)]), [3, 4, 5]);
  });

  it.each([
    [[2, 3], "whole"],
    [[1], "channels"],
    [[1, 2, 3], "all but the batch"],
    [[1, 3], "apart"],
  ])("reductions along %j, and what is broadcast of them", async (axes) => {
    for (const op of ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"])
      await compare(
        modelOf(13, ["n", 3, 4, 5], [node(op, ["x"], ["m"], { axes, keepdims: 1 }), node("Sub", ["x", "m"], ["y"])]),
        [3, 4, 5],
      );
    await compare(modelOf(11, ["n", 3, 4, 5], [node("ReduceSum", ["x"], ["y"], { axes, keepdims: 1 })]), [3, 4, 5]);
  });

  it("keeps numbers that subtract and divide, and trains those that add and multiply", () => {
    const nodes = [
      node("Sub", ["x", "mean"], ["a"]),
      node("Div", ["a", "std"], ["b"]),
      node("Mul", ["b", "gamma"], ["c"]),
      node("Add", ["c", "beta"], ["y"]),
    ];
    const weights = ["mean", "std", "gamma", "beta"].map((name) => weight(name, 3, 1, 1));
    const { report } = importOnnx(writeModel(modelOf(13, ["n", 3, 4, 5], nodes, weights)));
    expect([report.parameters, report.constants]).toEqual([
      ["gamma", "beta"],
      ["mean", "std"],
    ]);
  });

  it("come back from a saved model, bounds at infinity too", async () => {
    const nodes = [
      node("Max", ["x", "low"], ["a"]),
      node("Clip", ["a", "", "high"], ["b"]),
      node("Sub", ["b", "w"], ["y"]),
    ];
    const weights = [tensorOf("low", [], [-0.25]), tensorOf("high", [], [0.5]), weight("w", 3, 1, 1)];
    const model = await loadOnnx(writeModel(modelOf(13, ["n", 3, 4, 5], nodes, weights)));
    const x = Float32Array.from(numbers(60, 4));
    const again = await loadModel(await model.save());
    expect(again.predict(x).data).toEqual(model.predict(x).data);
  });
});
