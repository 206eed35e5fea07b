/** What is asked of a plan. */
import type { Shape } from "../core/shape.js";
import type { Graph, RecordedLoss } from "../graph/graph.js";
import type { Selection } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";

export type RecordLoss = (graph: Graph, output: ValueId) => RecordedLoss;
export type RecordUpdate = (graph: Graph, loss: ValueId | undefined) => void;
export type Prefer = Selection["prefer"];

/** What all plans of a model have in common. */
export interface NetworkRequest {
  /** Records the network's ops on its input and returns the output. */
  network: (b: Builder, x: ValueId) => ValueId;
  /** Shape of one sample. */
  inputShape: Shape;
  isFrozen?: (name: string) => boolean;
  /** Default "speed". */
  prefer?: Prefer;
}

/** How plans of a model differ. */
export interface Mode {
  batchSize: number;
  /** Dropout and BatchNorm in training mode. */
  training: boolean;
  /** Records the optimiser's ops, after the loss where there is one; the plan then updates what is not frozen. */
  update?: RecordUpdate;
  /** Values to keep for the host: outputs of the layers at these paths, and their gradients where there is a backward pass. */
  watch?: readonly string[];
  /** Keep every value to the end of the step, unfused, to look at them afterwards. Default false. */
  keepAll?: boolean;
}

/** Where gradients come from: nowhere, from a gradient of the output that the host writes, or from the loss. */
export type Purpose =
  | { backward: "none" | "output"; loss?: undefined }
  /** Without gradients the loss is only told. */
  | { backward: "none" | "loss"; loss: RecordLoss };

export type Variation = Mode & Purpose;
export type PlanRequest = NetworkRequest & Variation;
