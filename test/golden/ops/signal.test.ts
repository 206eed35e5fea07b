// Convolutions and pools of signals against PyTorch, through the public API.
import { describe, expect, it } from "vitest";
import {
  AdaptiveAvgPool1d,
  AvgPool1d,
  BatchNorm1d,
  Conv1d,
  type Layer,
  MaxPool1d,
  ReLU,
  Sequential,
  ShapeError,
} from "../../../src/hosts/node/index.js";
import { build, plainSetup, setupName, setups } from "../../support/setups.js";
import type { GoldenCase } from "../load.js";
import { check, named } from "./check.js";

function layerOf({ op, attributes, inputs, outputs }: GoldenCase): Layer {
  const { kernelSize, stride, padding, dilation, groups, bias, ceilMode, countIncludePad, size } = attributes;
  const [, channels] = inputs.x.shape;
  if (op === "conv1d")
    return new Conv1d(channels, outputs.y.shape[1], { kernelSize, stride, padding, dilation, groups, bias });
  if (op === "maxPool1d") return new MaxPool1d({ kernelSize, stride, padding, dilation, ceilMode });
  if (op === "avgPool1d") return new AvgPool1d({ kernelSize, stride, padding, ceilMode, countIncludePad });
  return new AdaptiveAvgPool1d(size);
}

describe.each(setups.map((setup) => [setupName(setup), setup] as const))("%s", (_, setup) => {
  it.each(named("signals"))("%s", async (_, golden) => {
    (await check(golden, layerOf(golden), setup, { isSignal: true })).dispose();
  });
});

it("folds a BatchNorm into the convolution before it, and takes its activation in", async () => {
  const network = new Sequential(
    new Conv1d(3, 8, { kernelSize: 3, padding: 1, bias: false }),
    new BatchNorm1d(8),
    new ReLU(),
  );
  const model = await build(network, [16, 3]);
  const { nodes } = model.engine.plan({ batchSize: 2, training: false, backward: "none" }).graph;
  expect(nodes.map(({ op }) => op.name).filter((name) => name === "batchNorm" || name === "activation")).toEqual([]);
  model.dispose();
});

it("names what does not fit", async () => {
  const conv = new Conv1d(3, 4, { kernelSize: 5 });
  await expect(build(conv, [16, 2])).rejects.toThrow(
    new ShapeError("network: input expected [n, length, 3], got [1, 16, 2]"),
  );
  await expect(build(conv, [4, 4, 3])).rejects.toThrow("network: input expected [n, length, 3], got [1, 4, 4, 3]");
  await expect(build(conv, [4, 3])).rejects.toThrow("length expected at least 5 with padding, for the kernel, got 4");
  await expect(build(new MaxPool1d({ kernelSize: 2 }), [4, 4, 3], plainSetup)).rejects.toThrow("[n, length, channels]");
  expect(() => new Conv1d(3, 4, { kernelSize: 3, groups: 2 })).toThrow("Conv1d: groups expected a divisor of 3 and 4");
  expect(() => new AvgPool1d({ kernelSize: 2, padding: 2 })).toThrow("AvgPool1d: padding expected at most half");
});
