// A gradient that reaches an op without a rule is an error, not a zero.
import { expect, it } from "vitest";
import { Graph } from "../../../src/graph/graph.js";
import type { Op } from "../../../src/graph/op.js";
import { batchNormRstd } from "../../../src/ops/batch-norm.js";
import { activation } from "../../../src/ops/elementwise.js";
import { differentiate } from "../../../src/plan/autodiff.js";

const round: Op = { name: "round", shapes: ([x]) => [x] };

it("names the op", () => {
  const graph = new Graph();
  const x = graph.value([4], "input");
  const [y] = graph.add(round, [x], {});
  expect(() => differentiate(graph, { output: y, gradient: graph.value([4], "input") }, [x])).toThrow(
    /differentiate: op expected one with a gradient, got "?round/,
  );
});

it("asks nothing of ops on other ways", () => {
  const graph = new Graph();
  const [x, variance] = [graph.value([4], "input"), graph.value([4], "buffer")];
  graph.add(batchNormRstd, [variance], { eps: 1 });
  const [y] = graph.add(activation, [x], { kind: "relu", param: 0 });
  const gradients = differentiate(graph, { output: y, gradient: graph.value([4], "input") }, [x, variance]);
  expect([...gradients.keys()]).toEqual([x]);
});
