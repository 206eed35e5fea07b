/** The public trainer: single steps, whole fits, evaluation, checkpoints. */
import { ArgumentError, expectation, type FormatError, ResnetWasmError } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import type { ClassDataset, Dataset } from "../data/dataset.js";
import type { FileSource, FileTarget } from "../data/places.js";
import type { Metric } from "../metrics/metric.js";
import { nameState } from "../model/class-names.js";
import type { Model } from "../model/model.js";
import { readStateDict, type StateDict } from "../model/state.js";
import type { FitListener, History } from "./callback.js";
import { captureCheckpoint } from "./capture.js";
import type { CheckpointOptions } from "./checkpoint.js";
import type { ClassEvaluation, EvaluateOptions, Evaluation, Measured } from "./evaluate.js";
import { type FitOptions, fit } from "./fit.js";
import type { KeepOptions } from "./kept.js";
import type { TrainerOptions } from "./options.js";
import { StepTrainer } from "./step-trainer.js";

/**
 * Trains a model; made by `createTrainer`.
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, batchSize: 8 });
 * const { accuracy } = await trainer.evaluate(held);
 * const kept = await trainer.save(); // trainer.load(kept) goes on from here, bit for bit
 */
export class Trainer extends StepTrainer {
  /**
   * Trains for some epochs, or until `signal`, `maxMs` or `maxSteps` says stop; then a further `fit` goes on where this
   * one stopped, or begins anew where dataset length, `batchSize` or `dropLast` are others. After a `NumericError` it
   * leaves the failed batch out. Yields to the event loop every few milliseconds.
   */
  async fit(dataset: Dataset, options?: FitOptions): Promise<History> {
    const { resume, callbacks, metrics, mix }: FitOptions = Object(options);
    const go = (data: Dataset, own: unknown) =>
      this.fitFor(data, options, async () => {
        const { CallbackList } = await demanded("fit", import("./callback-list.js"));
        return new CallbackList(this, own === undefined ? [] : own, metrics);
      });
    const isPlain = callbacks === undefined && metrics === undefined && !this.loaded;
    if (resume === undefined && mix === undefined)
      return isPlain ? this.fitFor(dataset, options) : go(dataset, callbacks);
    this.expectIdle("fit");
    const { resumed } = await demanded("fit", import("./resumed.js"));
    return resumed(this, { dataset, resume, mix, callbacks }, go);
  }

  /** @internal What `fit` does, for callbacks here or on a page. */
  async fitFor(
    dataset: Dataset,
    options: FitOptions | undefined,
    listen?: () => Promise<FitListener>,
  ): Promise<History> {
    this.expectIdle("fit");
    this.fitting = true;
    let listener: FitListener | undefined;
    try {
      listener = await listen?.();
      return await fit(this, dataset, options, listener);
    } finally {
      this.fitting = false;
      await listener?.close();
    }
  }

  /** @internal Throws where a fit is at work. */
  expectIdle(where: string): void {
    if (this.fitting)
      throw new ResnetWasmError(expectation(where, "trainer", "no fit at work", "one that has not ended"));
  }

  /** Mean loss over a dataset in evaluation mode, and accuracy where targets are classes. Weights stay as they are. */
  evaluate<const M extends readonly Metric[]>(
    dataset: ClassDataset,
    options: EvaluateOptions & { metrics: M },
  ): Promise<Measured<ClassEvaluation, M>>;
  evaluate<const M extends readonly Metric[]>(
    dataset: Dataset,
    options: EvaluateOptions & { metrics: M },
  ): Promise<Measured<Evaluation, M>>;
  evaluate(dataset: ClassDataset, options?: EvaluateOptions): Promise<ClassEvaluation>;
  evaluate(dataset: Dataset, options?: EvaluateOptions): Promise<Evaluation>;
  async evaluate(dataset: Dataset, options?: EvaluateOptions): Promise<Evaluation> {
    const { evaluate } = await demanded("evaluate", import("./evaluate.js"));
    return evaluate(this, dataset, options);
  }

  /**
   * The averaged weights (with the option `ema`) and the model's buffers, to be loaded or saved. BatchNorm's statistics are
   * those of the last weights: `recalibrate` gathers those of the average. Throws `ArgumentError` where there is no average,
   * or none yet.
   */
  emaStateDict(): StateDict {
    const { ema, stepCount } = this;
    const { start = 0 }: { start?: number } = Object(ema);
    if (ema === null || stepCount < start) {
      const got = ema === null ? "none" : `one that begins after ${start} steps, after ${stepCount}`;
      throw new ArgumentError(expectation("emaStateDict", "ema", "an average given to createTrainer", got));
    }
    this.own();
    return nameState(readStateDict(this.model.engine, "ema"), this.model.classNames);
  }

  /**
   * Everything that training goes on from, as one safetensors file: resuming from it equals not having stopped. With a
   * target the file is also written there, whole or not at all: to a store, or to a path or file: URL in Node, Deno and Bun.
   */
  async save(target?: FileTarget, options?: KeepOptions): Promise<Uint8Array<ArrayBuffer>> {
    this.own();
    const { stepCount } = this;
    this.partial?.swap(); // what the parts of a batch have changed so far, they will change again
    const { tensors, metadata } = captureCheckpoint(this);
    this.partial?.swap();
    const { writeSafetensors } = await demanded("trainer.save", import("../io/safetensors-writer.js"));
    const bytes = writeSafetensors(tensors, { metadata, digest: true });
    if (target === undefined) return bytes;
    const { keepCheckpoint } = await demanded("trainer.save", import("./kept.js"));
    await keepCheckpoint(target, options, stepCount, bytes);
    return bytes;
  }

  /**
   * Restores what `save` wrote, all or nothing, into a trainer that was made in the same way: network with its activations
   * and dropout, seed, loss, optimiser, schedule, clipping, groups, averages, frozen names. Throws `FormatError` with each
   * difference and both values; `override` names those that are meant. A `fit` that goes on takes the batches of the
   * interrupted one where it is not told others, and refuses another dataset.
   *
   * Of a store it takes the newest checkpoint; one that is damaged, or of another kind, is passed over, and `onPassedOver`
   * hears of it. Throws `DataError` where there is none.
   */
  async load(source: FileSource, options?: CheckpointOptions): Promise<void> {
    this.expectIdle("trainer.load");
    const { openCheckpoint } = await demanded("trainer.load", import("./kept.js"));
    await openCheckpoint(source, options, (bytes) => this.restore(bytes, options));
  }

  /** @internal Restores a checkpoint, or gives the reason why bytes are none. */
  async restore(
    bytes: Uint8Array | ArrayBuffer,
    options: CheckpointOptions | undefined,
  ): Promise<FormatError | undefined> {
    const { takeCheckpoint } = await demanded("trainer.load", import("./checkpoint.js"));
    this.expectIdle("trainer.load"); // a fit may have begun meanwhile
    this.own();
    const refusal = takeCheckpoint(this, bytes, options);
    if (!refusal) this.model.temperature = undefined; // that of the weights before
    return refusal;
  }
}

/**
 * Prepares a model for training. Throws `ArgumentError` on unknown options or values out of range.
 *
 * @example
 * const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
 * await trainer.fit(dataset, { epochs: 1, batchSize: 8 });
 */
export function createTrainer(model: Model, options: TrainerOptions): Trainer {
  return new Trainer(model, options);
}
