// The kinds of plan that models and trainers ask for.

import { Adam, crossEntropy, mse, SGD } from "../../../src/faces/main.js";
import { parameterRuns } from "../../../src/optim/runs.js";
import { recordUpdate } from "../../../src/optim/update.js";
import { differentiate } from "../../../src/plan/autodiff.js";
import {
  type BackwardPlan,
  createPlan,
  type Mode,
  type NetworkRequest,
  type Plan,
  type Purpose,
  type RecordLoss,
  type RecordUpdate,
  type TrainPlan,
} from "../../../src/plan/plan.js";
import type { Sample } from "../../support/networks.js";

type Kind = Omit<Mode, "batchSize"> & Purpose & Pick<NetworkRequest, "isFrozen">;

const update =
  (optimizer: SGD | Adam, isFrozen: (name: string) => boolean = () => false): RecordUpdate =>
  (graph, loss) =>
    recordUpdate(graph, loss, { optimizer, runs: parameterRuns(graph.parameters, isFrozen) });

const isWeight = (name: string): boolean => name.endsWith("weight");

const byMse: RecordLoss = (graph, output) => mse().record(graph, output, "values");
/** Networks of one output, which have no classes, by their squared error. */
const byCrossEntropy: RecordLoss = (graph, output) =>
  graph.shape(output).at(-1) === 1 ? byMse(graph, output) : crossEntropy().record(graph, output, "indices");

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
    update: update(new SGD({ lr: 0.1 }), isWeight),
    isFrozen: isWeight,
  },
  "everything kept": { training: true, backward: "loss", loss: byMse, keepAll: true },
};

export const planOf = ({ network, inputShape, batchSize }: Sample, kind: Kind): Plan =>
  createPlan({ ...kind, inputShape, batchSize, network: (b, x) => network.build(b, x) }, differentiate);

type Ends = Pick<Plan, "input" | "output"> &
  Partial<Pick<TrainPlan, "target" | "loss"> & Pick<BackwardPlan, "outputGradient" | "inputGradient">>;

/** The values at the ends of a plan, those that its kind does not have undefined. */
export const valuesOf = (plan: Plan): Ends => plan;
