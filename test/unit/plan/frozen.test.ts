// A frozen prefix in a training step: it runs as in prediction, and nothing of it runs backward.
import { describe, expect, it } from "vitest";
import { cifarResNet, crossEntropy, resnet18, SGD } from "../../../src/faces/main.js";
import type { Graph } from "../../../src/graph/graph.js";
import { batchNormUpdate } from "../../../src/ops/batch-norm.js";
import { gradNorm } from "../../../src/ops/update.js";
import { differentiate } from "../../../src/plan/autodiff.js";
import { createPlan, type Plan, type PlanRequest } from "../../../src/plan/plan.js";

const isFrozen = (name: string) => /^(conv1|bn1|layer1|layer2)\./.test(name);

/** A step that trains layer3 and what follows. */
function stepOf(network: ReturnType<typeof resnet18>, inputShape: number[], frozen = isFrozen): Plan {
  const request: PlanRequest = {
    network: (b, x) => network.build(b, x),
    inputShape,
    batchSize: 16,
    training: true,
    isFrozen: frozen,
    backward: "loss",
    loss: (graph, output) => crossEntropy().record(graph, output, "indices"),
    update: (graph: Graph) => {
      graph.add(gradNorm, [], { maxNorm: 0, count: 1 });
      const first = graph.parameters.findIndex(({ name }) => !frozen(name));
      new SGD({ lr: 0.1 }).record(graph, { first, count: graph.parameters.length - first, lrScale: 1 });
    },
  };
  return createPlan(request, differentiate);
}

const inPrefix = (path: string) => /^(conv1|bn1|relu|maxpool|layer1|layer2)\b/.test(path);

describe.each([
  ["resnet18", resnet18(), [64, 64, 3]],
  ["cifarResNet(20)", cifarResNet(20), [32, 32, 3]],
] as [string, ReturnType<typeof resnet18>, number[]][])("%s, frozen up to layer2", (_, network, inputShape) => {
  const plan = stepOf(network, inputShape);
  const prefix = plan.step.filter(({ path }) => inPrefix(path));

  it("runs no backward and no update of the prefix", () => {
    expect(prefix.map(({ stage }) => stage)).toEqual(prefix.map(() => "forward"));
    const backward = plan.step.filter(({ stage }) => stage === "backward");
    expect(backward.some(({ path }) => path.startsWith("layer3.0"))).toBe(true);
    expect(plan.step.filter(({ op }) => op === batchNormUpdate).every(({ path }) => !inPrefix(path))).toBe(true);
  });

  it("runs the prefix as prediction does: normalisations folded, weights packed beforehand", () => {
    const predicting = createPlan({
      network: (b, x) => network.build(b, x),
      inputShape,
      batchSize: 16,
      training: false,
      backward: "none",
    });
    const outline = (nodes: Plan["step"]) =>
      nodes.map(({ op, path, attributes }) => ({ op: op.name, path, attributes }));
    expect(outline(prefix)).toEqual(outline(predicting.step.filter(({ path }) => inPrefix(path))));
    expect(prefix.map(({ op }) => op.name)).not.toContain("batchNorm");
    expect(outline(plan.prepare).filter(({ path }) => inPrefix(path))).toEqual(
      outline(predicting.prepare).filter(({ path }) => inPrefix(path)),
    );
  });

  it("keeps nothing of the prefix for a backward pass, and so takes less memory", () => {
    expect(plan.arena.bytes).toBeLessThan(0.6 * stepOf(network, inputShape, () => false).arena.bytes);
  });
});
