/** What `fit` tells, to whom, and what it hears from them. */

import type { FileTarget } from "../data/places.js";
import type { StateDict, StateDictLike } from "../model/state.js";
import type { CallbackState } from "./callback-state.js";
import type { Evaluation } from "./evaluate.js";
import type { KeepOptions } from "./kept.js";
import type { Stopped } from "./limits.js";
import type { StartMeasuring } from "./measuring.js";
import type { StepResult } from "./step-trainer.js";

/** What a step of `fit` reports. */
export interface StepEvent extends StepResult {
  /** Epoch and step within it, both from 0. */
  epoch: number;
  step: number;
  /** How long this `fit` is to be. */
  stepsPerEpoch: number;
  epochs: number;
}

/** Mean training loss of an epoch, and what validation said after it. */
export interface EpochRecord {
  epoch: number;
  loss: number;
  lr: number;
  validation?: Evaluation;
  ms: number;
}

/** What `fit` did. */
export interface History {
  epochs: EpochRecord[];
  /** Loss of every step of this call. */
  losses: number[];
  /** Where it began: at epoch 0 and step 0, or where it went on with an interrupted fit. */
  from: { epoch: number; step: number };
  /** Why it ended: "callback" where one of them wanted it to. After "finished" and "callback" a further fit begins anew. */
  stopped: "finished" | "callback" | Stopped;
}

/** A trainer as callbacks see it: of this thread, or in a worker. */
export interface FittingTrainer {
  readonly stepCount: number;
  readonly model: {
    stateDict(): StateDict | Promise<StateDict>;
    loadStateDict(state: StateDictLike): unknown;
  };
  save(target?: FileTarget, options?: KeepOptions): Promise<Uint8Array<ArrayBuffer>>;
}

/** What is known of a fit when it begins. */
export interface FitFacts {
  epochs: number;
  stepsPerEpoch: number;
  /** What may be watched, such as "loss" and "validation.accuracy", and which way is better. */
  monitors: Readonly<Record<string, "min" | "max">>;
  /** Whether it goes on with an interrupted fit, and whether that comes from a checkpoint. */
  goesOn: boolean;
  loaded: boolean;
}

/** What callbacks hear at the beginning. */
export interface FitBeginning extends FitFacts {
  trainer: FittingTrainer;
  /** Whether the fit ends with the step or epoch at hand, as far as the callbacks before know. */
  ending(): boolean;
}

/** Called by `fit`, which waits for promises: at the beginning, after each step, each epoch, and at the end. */
export interface Callback {
  /** What its state is called in checkpoints. A callback with a name has `state` and `load`. */
  readonly name?: string;
  /** Called after all others, wherever it stands: what saves the trainer then saves what they have become. */
  readonly last?: boolean;
  /** Ends the fit where it is true after one of its functions was called. */
  readonly stop?: boolean;
  /** Multiplies the learning rate of the steps that come, beside those of other callbacks. Default 1. */
  readonly lrScale?: number;
  onBegin?(fit: FitBeginning): void | Promise<void>;
  onStep?(event: StepEvent): void | Promise<void>;
  onEpoch?(record: EpochRecord): void | Promise<void>;
  onEnd?(history: History): void | Promise<void>;
  /** The last call of a fit, also of one that threw. */
  onClose?(): void | Promise<void>;
  /** What a fit that goes on needs of it; called whenever the trainer is saved. */
  state?(): CallbackState;
  /** Called before `onBegin`: with what it kept where a fit goes on, with undefined where one begins anew. */
  load?(state: CallbackState | undefined): void;
}

/** What callbacks want of the steps that come. */
export interface Verdict {
  stop: boolean;
  lrScale: number;
}

/** Whom a fit tells: callbacks of this thread, or those of a page. */
export interface FitListener {
  begin(facts: FitFacts): Promise<Verdict>;
  step(event: StepEvent): Promise<Verdict>;
  epoch(record: EpochRecord): Promise<Verdict>;
  end(history: History): Promise<void>;
  /** Starts the metrics of a validation. */
  measure: StartMeasuring;
  /** After the fit, however it ended. */
  close(): Promise<void>;
}
