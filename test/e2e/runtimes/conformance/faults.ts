/** What a runtime that lacks something, or loses it, makes of a model: the documented fallback or a typed error. */

import { maxDifference } from "../../../golden/decode.js";
import { uniform } from "../../../golden/generator.js";
import type { Library } from "./suite.js";

const INPUTS = 256;
const x = uniform("faults/x", INPUTS * 64);

export interface Outcome {
  threads?: number;
  why?: string;
  /** Name and message; `typed` where it is one of the library's. */
  error?: { name: string; message: string; typed: boolean };
}

type Options = { threads?: number; relaxedSimd?: boolean | "auto"; workerUrl?: string; createWorker?: () => unknown };

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
  /** Of the step that the worker did not finish, and of one after that. */
  during: Outcome;
  after: Outcome;
  /** How long that step took to fail, and the next one. */
  seconds: [number, number];
  /** Largest difference of a new model's predictions from the last ones before, the weights having been carried over. */
  rescued: number;
}

/**
 * Trains, kills the worker, and trains on without giving way to the event loop, which would bring news of its death: the
 * step at work when it dies must fail by itself. (A runtime may let the worker live for some more steps.)
 */
export async function killWorker(library: Library, kill: () => void, options: Options = {}): Promise<Killed> {
  const { createTrainer, crossEntropy, SGD } = library;
  const model = await make(library, options);
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0 }) });
  const labels = new Int32Array(64);
  for (let step = 0; step < 3; step++) trainer.step(x, labels);
  const expected = model.predict(x).data;
  const attempt = (): Outcome => {
    try {
      trainer.step(x, labels);
      return {};
    } catch (error) {
      return failure(library, error);
    }
  };
  const timed = (run: () => Outcome): [Outcome, number] => {
    const start = Date.now();
    const outcome = run();
    return [outcome, (Date.now() - start) / 1000];
  };
  kill();
  let [during, seconds] = timed(attempt);
  for (const end = Date.now() + 5000; !during.error && Date.now() < end; ) [during, seconds] = timed(attempt);
  const [after, next] = timed(attempt);
  const weights = model.stateDict();
  model.dispose();
  const fresh = await make(library, { threads: 1 });
  fresh.loadStateDict(weights);
  return { during, after, seconds: [seconds, next], rescued: maxDifference(fresh.predict(x).data, expected) };
}
