/** What a runtime that lacks something, or loses it, makes of a model: the documented fallback or a typed error. */

import { maxDifference } from "../../golden/decode.js";
import { uniform } from "../../golden/generator.js";
import type { Library } from "./suite.js";

const INPUTS = 256;
const x = uniform("faults/x", INPUTS * 64);

export interface Outcome {
  threads?: number;
  why?: string;
  /** Name and message; `typed` where it is one of the library's. */
  error?: { name: string; message: string; typed: boolean };
}

type Options = { threads?: number; relaxedSimd?: boolean | "auto"; workerUrl?: string };

const network = ({ residualMLP }: Library) => residualMLP({ in: INPUTS, width: 256, blocks: 4, out: 10 });

const make = (library: Library, options: Options) =>
  library.createModel(network(library), { inputShape: [INPUTS], threads: 2, relaxedSimd: false, ...options } as never);

const failure = (library: Library, error: unknown): Outcome => {
  const { name, message } = error as Error;
  return { error: { name, message, typed: error instanceof library.ResnetWasmError } };
};

/** Makes a model and runs it. */
export async function probe(library: Library, options: Options = {}): Promise<Outcome> {
  try {
    const model = await make(library, options);
    if (!model.predict(x).data.every(Number.isFinite)) throw new Error("predictions that are not finite");
    return { threads: model.info.threads, why: model.info.why };
  } catch (error) {
    return failure(library, error);
  }
}

/** A model with threads that is neither disposed nor collected when the program ends. */
export async function abandon(library: Library): Promise<Outcome> {
  const model = await make(library, {});
  const { createTrainer, crossEntropy, SGD } = library;
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.01 }) });
  trainer.step(x, new Int32Array(64));
  Object.assign(globalThis, { trainer });
  return { threads: model.info.threads, why: model.info.why };
}

export interface Killed {
  /** Of the step during which the worker died, and of the next one. */
  during: Outcome;
  after: Outcome;
  /** Seconds until the first error. */
  seconds: number;
  /** Largest difference of the dead model's weights, loaded into a new model, from what they were. */
  rescued: number;
}

/**
 * Trains, kills a worker at the very moment that a step begins, and goes on. `kill` ends the workers started so far; a
 * worker cannot be stopped later from the same thread, because the step keeps that thread.
 */
export async function killWorker(library: Library, kill: () => void): Promise<Killed> {
  const { createTrainer, crossEntropy, SGD } = library;
  const model = await make(library, {});
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.01 }) });
  const labels = new Int32Array(64);
  for (let step = 0; step < 3; step++) trainer.step(x, labels);
  const attempt = (): Outcome => {
    try {
      trainer.step(x, labels);
      return {};
    } catch (error) {
      return failure(library, error);
    }
  };
  const start = Date.now();
  kill();
  const during = attempt();
  const seconds = (Date.now() - start) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 300)); // news of the death arrive
  const after = attempt();
  const weights = model.stateDict();
  model.dispose();
  const next = await make(library, { threads: 1 });
  next.loadStateDict(weights);
  let rescued = 0;
  for (const [name, { data }] of next.stateDict())
    rescued = Math.max(rescued, maxDifference(data, weights.get(name)!.data));
  next.predict(x);
  return { during, after, seconds, rescued };
}
