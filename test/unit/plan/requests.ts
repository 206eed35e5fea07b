// The kinds of plan that models and trainers ask for.

import { Adam, crossEntropy, mse, SGD } from "../../../src/faces/main.js";
import type { Graph } from "../../../src/graph/graph.js";
import { differentiate } from "../../../src/plan/autodiff.js";
import { createPlan, type Plan, type PlanRequest } from "../../../src/plan/plan.js";
import type { Sample } from "../../support/networks.js";

type Kind = Omit<PlanRequest, "network" | "batchSize" | "inputShape">;

const update =
  (optimizer: SGD | Adam) =>
  (graph: Graph): void => {
    graph.add("gradNorm", [], { maxNorm: 0, loss: false, count: 1 }, "optimizer");
    if (graph.parameters.length > 0) optimizer.record(graph, { first: 0, count: graph.parameters.length, lrScale: 1 });
  };

const byCrossEntropy: Kind["loss"] = (graph, output) => crossEntropy().record(graph, output, "indices");
const byMse: Kind["loss"] = (graph, output) => mse().record(graph, output, "values");

export const kinds: Record<string, Kind> = {
  predict: { training: false, backward: "none" },
  "forward and backward": { training: false, backward: "output" },
  "training forward and backward": { training: true, backward: "output" },
  "evaluated loss": { training: false, backward: "none", loss: byCrossEntropy },
  "a step of SGD": { training: true, backward: "loss", loss: byCrossEntropy, update: update(new SGD({ lr: 0.1 })) },
  "a step of Adam": { training: true, backward: "loss", loss: byMse, update: update(new Adam()) },
  "a step with frozen weights": {
    training: true,
    backward: "loss",
    loss: byMse,
    update: update(new SGD({ lr: 0.1 })),
    isFrozen: (name) => name.endsWith("weight"),
  },
  "everything kept": { training: true, backward: "loss", loss: byMse, keepAll: true },
};

export const planOf = ({ network, inputShape, batchSize }: Sample, kind: Kind): Plan =>
  createPlan({ ...kind, inputShape, batchSize, network: (b, x) => network.build(b, x) }, differentiate);
