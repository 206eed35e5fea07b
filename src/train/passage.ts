/** How far a fit has come, and in what: what a checkpoint tells of it. */
import type { Shape } from "../core/shape.js";

/** How `fit` goes through a dataset, and which dataset. */
export interface Passage {
  length: number;
  batchSize: number;
  dropLast: boolean;
  /** How long the fit is to be; unknown in checkpoints of 0.1.0. */
  epochs?: number;
  /** Unknown in checkpoints of 0.1.0. */
  shuffle?: boolean;
  /** Unknown in checkpoints of 0.1.0. */
  dataset?: DatasetIdentity;
}

/** Epochs begun so far, which number the shuffles; and the place of an interrupted `fit`. */
export interface FitState {
  epoch: number;
  /** Epochs that were gone through to their ends, which schedules count; unknown in checkpoints of 0.1.0. */
  completed?: number;
  /** `samples` is what `lossSum` is to be divided by: the sum of weights where there are some. */
  current: (Passage & { epochInFit: number; step: number; lossSum: number; samples: number; lr: number }) | null;
}

/** What tells datasets apart without their samples. */
export interface DatasetIdentity {
  inputShape: Shape;
  targets: string;
  classes?: number;
  classNames?: readonly string[];
  targetShape?: Shape | undefined;
  weighted?: boolean | undefined;
  transform?: unknown;
  /** What was done to the samples, outermost first; undefined where only functions know. */
  made?: unknown[];
}

/** Samples of which only functions know. */
export const OWN = { type: "own" };
