/** What the methods of a worker are given. */
import type { Dataset } from "../data/dataset.js";
import type { Model } from "../model/model.js";
import type { Trainer } from "../train/trainer.js";

/** What a method may use beside its arguments. */
export interface CallContext {
  signal: AbortSignal;
  /** Lets the page's function of this name run, and waits for what it gives. */
  ask(name: string, value: unknown): Promise<unknown>;
  /** The same without waiting. */
  tell(name: string, value: unknown): void;
}

export type Method = (context: CallContext, ...args: never[]) => unknown;

/** What a worker holds. */
export interface Served {
  readonly model: Model;
  addTrainer(trainer: Trainer): number;
  trainer(id: number): Trainer;
  dataset(id: number): Dataset;
}
