// Where the channels are: first in most files, last here, and last in files that have them so; against onnxruntime.
import { describe, expect, it } from "vitest";
import { createModel } from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { importOnnx } from "../../../src/onnx/import.js";
import type { ModelProto, NodeProto, TensorProto } from "../../../src/onnx/messages.js";
import { writeModel } from "../../../src/onnx/read.js";
import { ints, modelOf, node, tensorOf, weight } from "../../support/onnx-build.js";
import { expectAsRuntime } from "../../support/onnx-runtime.js";

const K3 = { kernel_shape: [3, 3] };
const float = (name: string, ...values: number[]): TensorProto =>
  tensorOf(name, values.length === 1 ? [] : [values.length], values);
describe("the layout", () => {
  const conv1d = (x: string, y: string) => node("Conv", [x, "w"], [y], { kernel_shape: [3], pads: [1, 1] });
  const transpose = (x: string, y: string, ...perm: number[]) => node("Transpose", [x], [y], { perm });
  const shapes = async (model: ModelProto) => {
    const here = await loadOnnx(writeModel(model));
    return [here.inputShape, here.outputShape];
  };

  it.each<
    [
      about: string,
      sample: number[],
      nodes: NodeProto[],
      weights: TensorProto[],
      inputShape: number[],
      outputShape: number[],
    ]
  >([
    ["signals of convolutions", [4, 7], [conv1d("x", "y")], [weight("w", 6, 4, 3)], [7, 4], [7, 6]],
    [
      "[n, l, features], turned for a convolution and back",
      [7, 4],
      [transpose("x", "t", 0, 2, 1), conv1d("t", "c"), transpose("c", "y", 0, 2, 1)],
      [weight("w", 6, 4, 3)],
      [7, 4],
      [7, 6],
    ],
    [
      "[n, l, features], turned for a convolution, pooled",
      [7, 4],
      [transpose("x", "t", 0, 2, 1), conv1d("t", "c"), node("ReduceMean", ["c"], ["y"], { axes: [2], keepdims: 0 })],
      [weight("w", 6, 4, 3)],
      [7, 4],
      [6],
    ],
    ["[n, l, features] of products", [7, 4], [node("MatMul", ["x", "m"], ["y"])], [weight("m", 4, 5)], [7, 4], [7, 5]],
    [
      "[n, channels, l], turned for products",
      [4, 7],
      [transpose("x", "t", 0, 2, 1), node("MatMul", ["t", "m"], ["y"])],
      [weight("m", 4, 5)],
      [7, 4],
      [7, 5],
    ],
    ["images", [3, 4, 5], [node("Conv", ["x", "w"], ["y"], K3)], [weight("w", 6, 3, 3, 3)], [4, 5, 3], [2, 3, 6]],
    [
      "images, channels last in the file",
      [4, 5, 3],
      [transpose("x", "t", 0, 3, 1, 2), node("Conv", ["t", "w"], ["c"], K3), transpose("c", "y", 0, 2, 3, 1)],
      [weight("w", 6, 3, 3, 3)],
      [4, 5, 3],
      [2, 3, 6],
    ],
    [
      "images, first scaled, then turned",
      [4, 5, 3],
      [node("Mul", ["x", "two"], ["d"]), transpose("d", "t", 0, 3, 1, 2), node("Conv", ["t", "w"], ["y"], K3)],
      [float("two", 2), weight("w", 6, 3, 3, 3)],
      [4, 5, 3],
      [2, 3, 6],
    ],
    [
      "boxes of a detector",
      [3, 4, 4],
      [node("Conv", ["x", "w"], ["c"], K3), transpose("c", "t", 0, 2, 3, 1), node("Reshape", ["t", "s"], ["y"])],
      [weight("w", 8, 3, 3, 3), ints("s", 0, -1, 4)],
      [4, 4, 3],
      [8, 4],
    ],
    [
      "boxes, three to a pixel",
      [3, 4, 4],
      [
        node("Conv", ["x", "w"], ["c"], K3),
        node("Reshape", ["c", "five"], ["r"]),
        transpose("r", "t", 0, 1, 3, 4, 2),
        node("Reshape", ["t", "s"], ["y"]),
      ],
      [weight("w", 6, 3, 3, 3), ints("five", 0, 2, 3, 2, 2), ints("s", 0, -1, 3)],
      [4, 4, 3],
      [8, 3],
    ],
    [
      "images, turned for a norm of their channels and back",
      [3, 4, 5],
      [
        transpose("x", "t", 0, 2, 3, 1),
        node("LayerNormalization", ["t", "g", "b"], ["l"], { axis: -1 }),
        transpose("l", "y", 0, 3, 1, 2),
      ],
      [weight("g", 3), weight("b", 3)],
      [4, 5, 3],
      [4, 5, 3],
    ],
  ])("of %s", async (_, sample, nodes, weights, inputShape, outputShape) => {
    const model = modelOf(17, ["n", ...sample], nodes, weights);
    expect(await shapes(model)).toEqual([inputShape, outputShape]);
    await expectAsRuntime(model, { sample });
    const other = inputShape.map((size, i) => (i < inputShape.length - 1 && inputShape.length > 1 ? size + 2 : size));
    const open = modelOf(17, ["n", ...sample.map(() => "s")], nodes, weights);
    if (!nodes.some(({ opType }) => opType === "Reshape"))
      expect(importOnnx(writeModel(open), { inputShape: other }).inputShape).toEqual(other);
    expect(() => importOnnx(writeModel(open))).toThrow("Pass { inputShape }");
  });

  it("is told by the report in the file's order", async () => {
    const model = modelOf(
      13,
      ["n", 3, 4, 5],
      [node("Conv", ["x", "w"], ["y"], K3, { name: "/a/Conv" })],
      [weight("w", 6, 3, 3, 3)],
      { producerName: "me", producerVersion: "2" },
    );
    const { report, network, inputShape } = importOnnx(writeModel(model));
    expect(report).toEqual({
      ...{
        opset: 13,
        producer: "me 2",
        inputs: [{ name: "x", shape: [3, 4, 5] }],
        outputs: [{ name: "y", shape: [6, 2, 3] }],
      },
      ...{ nodes: { conv: 1 }, parameters: ["w"], constants: [] },
    });
    expect((await createModel(network, { inputShape })).summary()).toContain("Conv (conv)");
  });
});
