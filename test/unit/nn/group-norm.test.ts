// What GroupNorm says of sizes that do not fit, and where it may stand.
import { describe, expect, it } from "vitest";
import { GroupNorm, InstanceNorm2d, Linear, ReLU, residualTwin, Sequential } from "../../../src/faces/main.js";
import { createPlan, type Plan } from "../../../src/plan/plan.js";

const planOf = (layer: Sequential | GroupNorm, inputShape: number[]): Plan =>
  createPlan({
    network: (b, x) => layer.build(b, x),
    ...{ inputShape, batchSize: 2, training: false, backward: "none" },
  });

describe("GroupNorm", () => {
  it("takes features, sequences and images", () => {
    for (const inputShape of [[8], [5, 8], [6, 4, 8]]) {
      const { graph, output } = planOf(new GroupNorm(2, 8), inputShape);
      expect(graph.shape(output)).toEqual([2, ...inputShape]);
      expect(graph.parameters.map(({ name, shape }) => [name, shape])).toEqual([
        ["weight", [8]],
        ["bias", [8]],
      ]);
    }
    expect(planOf(new GroupNorm(2, 8, { affine: false }), [8]).graph.parameters).toEqual([]);
  });

  it("refuses what cannot be grouped", () => {
    expect(() => new GroupNorm(3, 8)).toThrow("GroupNorm: channels expected a multiple of 3, the groups, got 8");
    expect(() => new GroupNorm(0, 8)).toThrow(/GroupNorm: groups expected/);
    expect(() => new GroupNorm(2, 8, { eps: -1 })).toThrow(/GroupNorm: eps expected/);
    expect(() => planOf(new GroupNorm(2, 8), [6])).toThrow("[n, ..., 8]");
  });

  it("stays with its weight layer in a twin", () => {
    const layers = [8, 4].flatMap((groups) => [new Linear(8, 8), new GroupNorm(groups, 8), new ReLU()]);
    const { graph } = planOf(residualTwin(new Sequential(...layers)), [8]);
    const operations = graph.nodes.map(({ op, attributes }) => [op.name, attributes]);
    const relu = { kind: "relu", param: 0 };
    expect(operations).toMatchObject([
      ["linear", {}],
      ["groupNorm", { groups: 8, activation: relu }],
      ["linear", {}],
      ["groupNorm", { groups: 4, activation: relu, residual: true }],
    ]);
  });
});

describe("InstanceNorm2d", () => {
  const planned = (inputShape: number[]) =>
    createPlan({
      network: (b, x) => new InstanceNorm2d(6, { affine: true }).build(b, x),
      ...{ inputShape, batchSize: 2, training: false, backward: "none" },
    });

  it("is a group for each channel", () => {
    const { graph } = planned([4, 5, 6]);
    expect(graph.nodes.map(({ op, attributes }) => [op.name, attributes])).toMatchObject([
      ["groupNorm", { groups: 6 }],
    ]);
    expect(graph.parameters.map(({ name }) => name)).toEqual(["weight", "bias"]);
  });

  it("refuses other shapes, and images of one pixel, which would all be 0", () => {
    expect(() => planned([6])).toThrow("[n, h, w, 6]");
    expect(() => planned([4, 4, 5])).toThrow("[n, h, w, 6]");
    expect(() => planned([1, 1, 6])).toThrow("more than 1 pixel");
  });
});
