/**
 * A plan: all decisions about one network at one batch size in one mode. It says which ops run in which order, by which
 * algorithm, and where in memory every value stands, relative to the regions that the runtime lays out.
 */

import { type Graph, type RecordedLoss, removeDead } from "../graph/graph.js";
import type { ValueId } from "../graph/value.js";
import { type Arrangement, arrange } from "./arrange.js";
import type { Differentiate } from "./autodiff.js";
import { stepMacs } from "./cost.js";
import { foldBatchNorms } from "./fold.js";
import { fuse } from "./fuse.js";
import { keptValues, recordStep, type Watched } from "./record.js";
import type { PlanRequest, Purpose, RecordLoss } from "./request.js";
import { select } from "./select.js";

export type {
  Mode,
  NetworkRequest,
  PlanRequest,
  Prefer,
  Purpose,
  RecordLoss,
  RecordUpdate,
  Variation,
} from "./request.js";

interface PlanParts extends Arrangement {
  graph: Graph;
  batchSize: number;
  training: boolean;
  input: ValueId;
  output: ValueId;
  watched: Watched;
  /** Multiply-adds of one step. */
  macs: number;
  /** The step updates parameters or running statistics. */
  changesWeights: boolean;
}

/** From an input to an output. */
export interface PredictPlan extends PlanParts {
  kind: "predict";
}

/** And back from a gradient of the output, which the host writes. */
export interface BackwardPlan extends PlanParts {
  kind: "backward";
  outputGradient: ValueId;
  /** Absent where the output does not depend on the input. */
  inputGradient: ValueId | undefined;
}

/** From an input and a target to a loss, and, as asked, to gradients and an update. */
export interface TrainPlan extends PlanParts, RecordedLoss {
  kind: "train";
}

export type Plan = PredictPlan | BackwardPlan | TrainPlan;

export type PlanOf<V extends Purpose> = V extends { loss: RecordLoss }
  ? TrainPlan
  : V extends { backward: "output" }
    ? BackwardPlan
    : PredictPlan;

/** `differentiate` is needed for requests with a backward pass only: predictions do without. */
export function createPlan<R extends PlanRequest>(request: R, differentiate?: Differentiate): PlanOf<R>;
export function createPlan(request: PlanRequest, differentiate?: Differentiate): Plan {
  const recorded = recordStep(request, differentiate);
  const { graph, input, output, watched, loss, outputGradient, inputGradient } = recorded;
  const keep = keptValues(request, recorded);
  removeDead(graph, keep);
  if (!request.keepAll) {
    foldBatchNorms(graph, keep);
    fuse(graph, keep);
  }
  select(graph, request);
  const arrangement = arrange(graph, keep, request);
  const { batchSize, training, update } = request;
  const changesWeights = update !== undefined || graph.nodes.some(({ op }) => op.keepsStatistics);
  const macs = stepMacs(graph, arrangement.step);
  const parts = { ...arrangement, graph, batchSize, training, input, output, watched, macs, changesWeights };
  if (loss) return { kind: "train", ...parts, ...loss };
  if (outputGradient !== undefined) return { kind: "backward", ...parts, outputGradient, inputGradient };
  return { kind: "predict", ...parts };
}
