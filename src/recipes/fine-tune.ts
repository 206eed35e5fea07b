/** A network that others have trained, for classes of one's own: a new head on what it sees, then its last stage with it. */
import { ArgumentError, DataError, describe, expectation } from "../core/errors.js";
import { formatShape, numel, sameShape } from "../core/shape.js";
import { createYielder } from "../core/yield.js";
import { arrayDataset } from "../data/array.js";
import { type ClassDataset, expectDataset, getBatch } from "../data/dataset.js";
import { augment } from "../data/image/augment.js";
import { split } from "../data/views.js";
import { confusionMatrix, f1 } from "../metrics/counting.js";
import { type Mistake, mistakes } from "../metrics/mistakes.js";
import type { StateDict } from "../model/state.js";
import { layerFromJSON } from "../nn/from-json.js";
import { Layer } from "../nn/layer.js";
import { Linear } from "../nn/linear.js";
import { crossEntropy } from "../nn/losses.js";
import { replaceHead } from "../nn/replace-head.js";
import { AdamW } from "../optim/optimizers.js";
import type { EpochRecord } from "../train/callback.js";
import { earlyStopping } from "../train/callbacks/early-stopping.js";
import type { ClassEvaluation } from "../train/evaluate.js";
import { type Report, report } from "../train/report/report.js";
import { type Anatomy, dissect, type LinearHead } from "./anatomy.js";
import { type AnyModel, type AnyTrainer, type Entry, entryOf } from "./entry.js";
import { type FineTuneOptions, type FineTuneSettings, readFineTuneOptions } from "./fine-tune-options.js";

/** What `fineTune` gives. */
export interface FineTuned<M extends AnyModel> {
  /** A new model, with the class names and the transform of the data; the one that was given is as it was. */
  model: M;
  /** On the validation samples: loss, accuracy, and in `metrics` the confusion matrix, F1 and the worst mistakes. */
  evaluation: ClassEvaluation & { metrics: { confusionMatrix: number[][]; f1: number; mistakes: Mistake[] } };
  /** What was chosen and found, as it was printed; and as one page, with curves and mistakes. */
  report: Report;
  /** Epochs of the head, then of the last stage. */
  history: { head: EpochRecord[]; stage: EpochRecord[] };
}

const where = "fineTune";

/**
 * Teaches a trained network classes of one's own: it gets a new head, which is trained on what the network says of each sample, computed
 * once; then the last stage is trained with it, at a low rate. Each part stops when its loss on validation samples is at its least, and
 * the stage is put back where it was no gain. Built networks with weights, and those of `loadOnnx`. Every choice is printed and is an
 * option. Throws `ArgumentError` where there is no head to replace, `DataError` on data that do not fit.
 *
 * ```ts
 * const photos = await loadImageFolder("photos", { transform: IMAGENET_TRANSFORM });
 * const { model, evaluation } = await fineTune(pretrained, photos, { augmentations: [horizontalFlip()] });
 * await model.save("photos.safetensors");
 * ```
 */
export const fineTuner =
  <Own extends AnyModel>(own: Entry<Own>) =>
  async <M extends AnyModel = Own>(
    model: M,
    data: ClassDataset,
    options?: FineTuneOptions<M>,
  ): Promise<FineTuned<M>> => {
    const settings = readFineTuneOptions<M>(options);
    const entry = entryOf<M>(where, settings.on, own as unknown as Entry<M>);
    const lines: string[] = [];
    const tell = (line: string) => {
      lines.push(line);
      settings.print(line);
    };
    expectFits(model, data, settings);
    const tuning = new Tuning(entry, settings, tell);
    const { tuned, ...found } = await tuning.run(model, data);
    const { held, ...rest } = found;
    const text = lines.join("\n");
    const { head, stage } = found.history;
    const history = { epochs: [...head, ...stage.map((each) => ({ ...each, epoch: head.length + each.epoch }))] };
    const shown = { title: "Fine-tuning", data: held, history, notes: text, target: null, print: () => {} };
    const { html } = await report(found.evaluation, shown);
    return { model: tuned, ...rest, report: { text, html } };
  };

function expectFits(model: AnyModel, data: ClassDataset, { classes, validation }: FineTuneSettings): void {
  const { network, inputShape }: Partial<AnyModel> = Object(model);
  if (!network || !inputShape) throw new ArgumentError(expectation(where, "model", "a model", describe(model)));
  for (const [name, dataset] of Object.entries({ data, ...(validation && { validation }) })) {
    expectDataset(where, dataset);
    if (dataset.targets !== "class" || dataset.targetShape)
      throw new DataError(expectation(where, name, "samples with a class each", dataset.targets));
    if (!sameShape(dataset.inputShape, inputShape))
      throw new DataError(
        expectation(where, `${name}.inputShape`, formatShape(inputShape), formatShape(dataset.inputShape)),
      );
    if (classes !== undefined && dataset.classes !== classes)
      throw new DataError(expectation(where, `${name}.classes`, `${classes}, as classes says`, dataset.classes));
  }
  if (validation && validation.classes !== data.classes)
    throw new DataError(expectation(where, "validation.classes", data.classes, validation.classes));
}

class Tuning<M extends AnyModel> {
  constructor(
    private readonly entry: Entry<M>,
    private readonly settings: FineTuneSettings,
    private readonly tell: (line: string) => void,
  ) {}

  async run(model: M, data: ClassDataset) {
    const { settings, entry, tell } = this;
    const [train, held] = settings.validation
      ? [data, settings.validation]
      : split(data, 0.8, { seed: settings.seed, stratify: true });
    const { classNames } = data;
    const names = classNames ? `: ${classNames.slice(0, 8).join(", ")}${classNames.length > 8 ? ", …" : ""}` : "";
    const from = settings.validation ? "given" : "every fifth of the data, with the share of each class";
    tell(
      `${train.length} samples to train on, ${held.length} to judge by (${from}), of ${data.classes} classes${names}`,
    );

    const layer = model.network instanceof Layer ? model.network : layerFromJSON(model.network);
    const { network, head } = replaceHead(layer, {
      classes: data.classes,
      ...(settings.head !== undefined && { head: settings.head }),
    });
    const transform = model.transform ?? (data as { transform?: unknown }).transform;
    const tuned = await entry.createModel(network, {
      ...{ inputShape: model.inputShape, seed: settings.seed },
      ...(classNames && { classNames }),
      ...(transform !== undefined && transform !== null && { transform }),
      ...(settings.threads !== undefined && { threads: settings.threads }),
    });
    try {
      await tuned.loadStateDict(await model.stateDict(), { skip: head });
      const anatomy = dissect(network, model.inputShape, head);
      return await this.#tune(tuned, { head, anatomy, train, held });
    } catch (error) {
      await tuned.dispose();
      throw error;
    }
  }

  async #tune(
    tuned: M,
    { head, anatomy, train, held }: { head: string; anatomy: Anatomy; train: ClassDataset; held: ClassDataset },
  ) {
    const { settings, entry, tell } = this;
    const { headEpochs, headLr, stageEpochs, stageLr, stage, augmentations } = settings;
    await entry.freeze(tuned, (name) => !anatomy.head.has(name));
    const { linearHead } = anatomy;
    let first: EpochRecord[];
    if (linearHead && settings.cache) {
      tell(
        `head ${head}: ${linearHead.size} features of ${linearHead.features}, computed once; AdamW with lr ${headLr}, at most ${headEpochs} epochs`,
      );
      first = await this.#trainHead(tuned, { linearHead, train, held });
    } else {
      tell(`head ${head}, all else frozen; AdamW with lr ${headLr}, at most ${headEpochs} epochs`);
      first = await this.#fit(await this.#trainer(tuned, headLr), { train, held, epochs: headEpochs });
    }
    const trainer = await this.#trainer(tuned, stageLr);
    const before = await trainer.evaluate(held);
    tell(`head after ${first.length} epochs: ${figures(before)}`);

    let second: EpochRecord[] = [];
    if (stage !== false) {
      const kept = await tuned.stateDict();
      if (stage === undefined) await entry.unfreeze(tuned, (name) => anatomy.lastStage.has(name));
      else await entry.unfreeze(tuned, stage);
      const changed = augmentations?.length ? augment(train, augmentations, { seed: settings.seed }) : train;
      const which = stage === undefined ? `${anatomy.lastStage.size - anatomy.head.size} tensors` : String(stage);
      const how = augmentations?.length ? `, samples changed by ${augmentations.length} augmentations` : "";
      tell(`last stage: ${which} with the head; AdamW with lr ${stageLr}, at most ${stageEpochs} epochs${how}`);
      second = await this.#fit(trainer, { train: changed, held, epochs: stageEpochs });
      const after = await trainer.evaluate(held);
      const isBetter = after.loss < before.loss;
      tell(`last stage after ${second.length} epochs: ${figures(after)}${isBetter ? "" : ": no gain, put back"}`);
      if (!isBetter) await tuned.loadStateDict(kept);
      await entry.unfreeze(tuned, () => true);
    } else await entry.unfreeze(tuned, () => true);
    const metrics = [confusionMatrix(), f1(), mistakes()] as const;
    const evaluation = (await trainer.evaluate(held, { metrics })) as FineTuned<M>["evaluation"];
    tell(`${held.length} samples that were not trained on: ${figures(evaluation)}`);
    return { tuned, held, evaluation, history: { head: first, stage: second } };
  }

  #trainer(model: M, lr: number) {
    const { weightDecay } = this.settings;
    return this.entry.createTrainer(model, {
      loss: crossEntropy(),
      optimizer: new AdamW({ lr, weightDecay }),
      clipGradNorm: 1,
      decayNormsAndBiases: false,
    });
  }

  async #fit(
    trainer: AnyTrainer,
    { train, held, epochs }: { train: ClassDataset; held: ClassDataset; epochs: number },
  ): Promise<EpochRecord[]> {
    const { batchSize, patience, signal } = this.settings;
    const history = await trainer.fit(train, {
      ...{ epochs, batchSize, dropLast: train.length > batchSize, validation: held },
      callbacks: [earlyStopping({ patience })],
      ...(signal && { signal }),
    });
    signal?.throwIfAborted();
    return history.epochs;
  }

  /** Trains a `Linear` on what the head reads, and gives the head its weights. */
  async #trainHead(
    tuned: M,
    { linearHead, train, held }: { linearHead: LinearHead; train: ClassDataset; held: ClassDataset },
  ): Promise<EpochRecord[]> {
    const { size, weight, bias } = linearHead;
    const { headLr, headEpochs, seed } = this.settings;
    const seen = await this.#features(tuned, linearHead, train);
    const judged = await this.#features(tuned, linearHead, held);
    const linear = new Linear(size, train.classes, { bias: bias !== undefined });
    const model = await this.entry.createModel(linear, { inputShape: [size], seed });
    try {
      const epochs = await this.#fit(await this.#trainer(model, headLr), {
        train: seen,
        held: judged,
        epochs: headEpochs,
      });
      const state = await model.stateDict();
      const learned: StateDict = new Map();
      for (const [name, to] of [["weight", weight] as const, ...(bias ? [["bias", bias] as const] : [])]) {
        const tensor = state.get(name);
        if (tensor) learned.set(to.name, { data: tensor.data, shape: [...to.shape] });
      }
      await tuned.loadStateDict(learned, { strict: false });
      return epochs;
    } finally {
      await model.dispose();
    }
  }

  /** The samples as the head sees them. */
  async #features(model: M, { features, size }: LinearHead, dataset: ClassDataset): Promise<ClassDataset> {
    const { batchSize, signal } = this.settings;
    const pause = createYielder();
    const { length, classes, inputShape } = dataset;
    const x = new Float32Array(length * size);
    const y = new Int32Array(length);
    for (let at = 0; at < length; at += batchSize) {
      signal?.throwIfAborted();
      const n = Math.min(batchSize, length - at);
      const indices = Array.from({ length: n }, (_, i) => at + i);
      await dataset.prefetch?.(indices, 0);
      const data = new Float32Array(n * numel(inputShape));
      getBatch(dataset, indices, data, y.subarray(at, at + n), 0);
      const seen = await this.entry.activations(model, { data, shape: [n, ...inputShape] }, [features]);
      const output = seen.get(features);
      if (output) x.set(output.data, at * size);
      await pause();
    }
    return arrayDataset({ x, y, inputShape: [size], classes });
  }
}

const figures = ({ loss, accuracy = 0 }: { loss: number; accuracy?: number }): string =>
  `accuracy ${(100 * accuracy).toFixed(1)} %, loss ${loss.toFixed(4)}`;
