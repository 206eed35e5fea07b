// Every block in every option: its backward pass against finite differences of its forward pass.
import { expect, it } from "vitest";
import { BasicBlock, Bottleneck, gradcheck, type Layer, PreActBlock } from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { build, setWeights } from "../../support/setups.js";

const INPUT = [7, 6, 8];

it.each([
  ["basic", new BasicBlock(8, 8)],
  ["basic, option A", new BasicBlock(8, 12, { stride: 2, shortcut: "pad", padSide: "append" })],
  ["basic, option B", new BasicBlock(8, 12, { stride: 2, shortcut: "projection" })],
  ["basic, option C", new BasicBlock(8, 8, { shortcut: "always" })],
  ["basic, ResNet-D with squeeze-and-excitation", new BasicBlock(8, 12, { stride: 2, avgDown: true, seRatio: 0.5 })],
  ["bottleneck", new Bottleneck(8, 2)],
  ["bottleneck, stride on the 1x1", new Bottleneck(8, 4, { stride: 2, strideOn: "1x1" })],
  ["bottleneck, wide", new Bottleneck(8, 4, { width: 128, stride: 2 })],
  ["bottleneck, grouped", new Bottleneck(8, 4, { groups: 4, width: 32, stride: 2, seRatio: 0.25 })],
  ["pre-activation", new PreActBlock(8, 8)],
  ["pre-activation, option A", new PreActBlock(8, 12, { stride: 2, shortcut: "pad" })],
  ["pre-activation, option B", new PreActBlock(8, 12, { stride: 2 })],
  ["plain", new BasicBlock(8, 12, { stride: 2, shortcut: "none" })],
] as [string, Layer][])("%s", async (name, block) => {
  const model = await build(block, INPUT, undefined, 3);
  // Norms away from the identity, so that scales, biases and running statistics matter.
  const norms = [...model.stateDict()].filter(([key, { shape }]) => shape.length === 1 && !key.includes("fc"));
  const moved = norms.map(([key, { data, shape }]) => {
    const offset = key.endsWith("running_var") || key.endsWith("weight") ? 1 : 0;
    return [key, { data: uniform(`${name} ${key}`, data.length, 0.3, offset), shape }] as const;
  });
  setWeights(model, Object.fromEntries(moved));
  const report = gradcheck(model, { seed: 1, x: uniform(name, 2 * 7 * 6 * 8) });
  const wrong = report.entries.filter(({ relativeError }) => relativeError > 2e-2);
  expect(wrong).toEqual([]);
  expect(report.entries.length).toBe(model.gradients().size + 1);
  model.dispose();
});
