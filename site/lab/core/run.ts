/** A run: two nets that differ in their skip connections alone, trained step by step on the same batches. */
import {
  Adam,
  createModel,
  createTrainer,
  crossEntropy,
  type Model,
  NumericError,
  SGD,
  type Trainer,
} from "resnet-wasm";
import { sha256Hex } from "resnet-wasm/data";
import { type Batch, type Examples, examplesOf, firstOf } from "./datasets.js";
import { type Score, scoreOf } from "./loss.js";
import { type Anatomy, anatomyOf, isConvolutional, KINDS, type Kind } from "./nets.js";
import type { Points } from "./points.js";
import { type Readings, readNet } from "./readings.js";
import { Rewind } from "./rewind.js";
import type { Settings } from "./settings.js";

export type OfBoth<T> = Record<Kind, T>;
export const both = <T>(of: (kind: Kind) => T): OfBoth<T> => ({ plain: of("plain"), residual: of("residual") });

export interface Twin {
  kind: Kind;
  anatomy: Anatomy;
  model: Model;
  trainer: Trainer;
  /** Loss of each training step, on its batch. */
  losses: number[];
  /** Why it trains no further: loss or gradients were no numbers any more. */
  failure: string | null;
}

/** What both nets come to after some steps, on all points or the first pictures. */
export interface Reading {
  step: number;
  train: OfBoth<Score>;
  test: OfBoth<Score>;
}

/** State of a run that training goes on from. */
interface Moment {
  checkpoints: OfBoth<Uint8Array>;
  losses: OfBoth<number>;
  failures: OfBoth<string | null>;
}

/** So many that a fit is never finished: the run ends when its owner says so. */
const EPOCHS = 1_000_000;
/** How many examples are measured on, always the first ones: scores on `all`, lesions and landscapes on `probe`, sizes `inside`. */
const COUNTS = {
  points: { all: Infinity, probe: 256, inside: 256 },
  pictures: { all: 64, probe: 128, inside: 32 },
};

export class Run {
  readonly settings: Settings;
  /** Points that somebody has drawn. */
  readonly own: Points | null;
  readonly examples: Examples;
  readonly twins: OfBoth<Twin>;
  readings: Reading[] = [];
  step = 0;
  readonly #rewind = new Rewind<Moment>();
  readonly #all: { train: Batch; test: Batch };
  /** The examples that lesions and landscapes are measured on. */
  readonly probe: Batch;
  readonly #inside: Batch;

  private constructor(settings: Settings, own: Points | null, examples: Examples, twins: OfBoth<Twin>) {
    this.settings = settings;
    this.own = own;
    this.examples = examples;
    this.twins = twins;
    const counts = COUNTS[isConvolutional(settings) ? "pictures" : "points"];
    this.#all = { train: firstOf(examples.train, counts.all), test: firstOf(examples.test, counts.all) };
    this.probe = firstOf(examples.train, counts.probe);
    this.#inside = firstOf(examples.train, counts.inside);
  }

  /** A run before its first step. */
  static async create(settings: Settings, own: Points | null = null): Promise<Run> {
    const examples = examplesOf(settings, own);
    const [plain, residual] = await Promise.all(KINDS.map((kind) => createTwin(kind, settings, examples)));
    const run = new Run(settings, own, examples, { plain, residual });
    await run.#arrive();
    return run;
  }

  /** Steps between two readings: they stand at the same places whatever the speed of the machine. */
  get every(): number {
    return isConvolutional(this.settings) ? 5 : 20;
  }

  /** Steps up to the next place of a reading. */
  get untilReading(): number {
    return this.every - (this.step % this.every);
  }

  /** Trains both nets for `count` steps; one that has failed stays as it is. */
  async advance(count: number): Promise<void> {
    for (const kind of KINDS) await this.#train(this.twins[kind], count);
    this.step += count;
    await this.#arrive();
  }

  async #train(twin: Twin, count: number): Promise<void> {
    if (twin.failure !== null) return;
    try {
      const onStep = ({ loss }: { loss: number }) => void twin.losses.push(loss);
      const fit = { epochs: EPOCHS, batchSize: this.settings.batch, maxSteps: count, callbacks: [{ onStep }] };
      await twin.trainer.fit(this.examples.train, fit);
    } catch (error) {
      // A loss that is no number any more is a result of the experiment, not a mistake of the program.
      if (!(error instanceof NumericError)) throw error;
      twin.failure = error.message;
    }
  }

  async #arrive(): Promise<void> {
    this.readings.push({ step: this.step, train: this.#score("train"), test: this.#score("test") });
    if (this.step % this.every === 0) this.#rewind.keep(this.step, await this.#moment());
  }

  #score(of: "train" | "test"): OfBoth<Score> {
    const { x, labels } = this.#all[of];
    return both((kind) => scoreOf(this.twins[kind].model.predict(x).data, labels));
  }

  async #moment(): Promise<Moment> {
    const [plain, residual] = await Promise.all(KINDS.map((kind) => this.twins[kind].trainer.save()));
    const losses = both((kind) => this.twins[kind].losses.length);
    return { checkpoints: { plain, residual }, losses, failures: both((kind) => this.twins[kind].failure) };
  }

  /** Steps of which the state is kept; all others are reached from the one before by training again. */
  get kept(): number[] {
    return this.#rewind.steps;
  }

  /** Goes back to a step that was taken: from the checkpoint before it on, by the same steps, to the same bits. */
  async rewind(step: number): Promise<void> {
    const found = this.#rewind.back(Math.min(step, this.step));
    if (!found) throw new Error("rewind: a run keeps its beginning");
    await this.#restore(found.step, found.state);
    this.readings = this.readings.filter((reading) => reading.step <= found.step);
    while (this.step < step) await this.advance(Math.min(this.untilReading, step - this.step));
  }

  async #restore(step: number, { checkpoints, losses, failures }: Moment): Promise<void> {
    for (const kind of KINDS) {
      const twin = this.twins[kind];
      await twin.trainer.load(checkpoints[kind]);
      twin.losses.length = Math.min(twin.losses.length, losses[kind]);
      twin.failure = failures[kind];
    }
    this.step = step;
  }

  /** What a file of this run has to hold, and `resume` gives back. */
  async suspend(): Promise<Suspended> {
    const { settings, own, step, readings } = this;
    const { checkpoints } = await this.#moment();
    const losses = both((kind) => this.twins[kind].losses);
    return { settings, own, step, readings, losses, failures: both((kind) => this.twins[kind].failure), checkpoints };
  }

  static async resume(suspended: Suspended): Promise<Run> {
    const { settings, own, step, checkpoints, failures, losses, readings } = suspended;
    const run = await Run.create(settings, own);
    for (const kind of KINDS) run.twins[kind].losses = [...losses[kind]];
    const counts = both((kind) => losses[kind].length);
    const moment = { checkpoints, losses: counts, failures };
    await run.#restore(step, moment);
    run.readings = [...readings];
    run.#rewind.keep(step, moment);
    return run;
  }

  /** Gradients, activations and streams of one net, now. */
  read(kind: Kind): Readings {
    const { model, anatomy } = this.twins[kind];
    return readNet(model, anatomy, this.#inside);
  }

  /** SHA-256 of all weights of both nets; null where the page may not compute one (neither https: nor localhost). */
  async hash(): Promise<string | null> {
    if (!globalThis.crypto?.subtle) return null;
    const all = KINDS.flatMap((kind) => [...this.twins[kind].model.stateDict().values()].map(({ data }) => data));
    const bytes = new Uint8Array(all.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const { buffer, byteOffset, byteLength } of all) {
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
      at += byteLength;
    }
    return sha256Hex(bytes);
  }

  dispose(): void {
    for (const kind of KINDS) this.twins[kind].model.dispose();
  }
}

/** A run as plain data. */
export interface Suspended {
  settings: Settings;
  own: Points | null;
  step: number;
  readings: Reading[];
  losses: OfBoth<number[]>;
  failures: OfBoth<string | null>;
  checkpoints: OfBoth<Uint8Array>;
}

async function createTwin(kind: Kind, settings: Settings, { train }: Examples): Promise<Twin> {
  const anatomy = anatomyOf(kind, settings);
  const { seed, optimizer, rate } = settings;
  const model = await createModel(anatomy.network, { inputShape: [...train.inputShape], seed, threads: 1 });
  const lr = rate / 1000;
  const trainer = createTrainer(model, {
    loss: crossEntropy(),
    optimizer: optimizer === "adam" ? new Adam({ lr }) : new SGD({ lr, momentum: 0.9 }),
  });
  return { kind, anatomy, model, trainer, losses: [], failure: null };
}
