/** A trainer whose steps are computed by the workers of a cluster, with the bits of `createTrainer` at the same `accumulate`. */
import { ArgumentError, expectation, ResnetWasmError } from "../core/errors.js";
import { optional, text } from "../core/options.js";
import { numel } from "../core/shape.js";
import { type Dataset, sampleWeights, targetsOf, trustLabels } from "../data/dataset.js";
import { datasetDescription, describeDataset } from "../data/description.js";
import type { Model } from "../model/model.js";
import { TrainStep } from "../model/step.js";
import { lossFromJSON, type TargetKind } from "../nn/losses.js";
import { Accumulation } from "../train/accumulation.js";
import { fillBatch, weighBatch } from "../train/batch.js";
import type { FitListener, History } from "../train/callback.js";
import type { FitOptions } from "../train/fit.js";
import type { TrainerOptions } from "../train/options.js";
import { Trainer } from "../train/trainer.js";
import { addPart, type Computed, partBytes, writeStep } from "./part.js";
import { type Named, recipeOf, type View } from "./recipe.js";
import type { Round } from "./round.js";
import { planDigest, type Run, type StepHeader } from "./run.js";
import { MOST } from "./settings.js";
import { version } from "./version.js";

/** How a model is trained by a cluster. */
export interface ClusterTrainerOptions extends TrainerOptions {
  /** Parts of a step, which any worker computes: at least 2, and as many as there are workers to be busy. */
  accumulate: number;
  /** A module in each machine's folder of data that gives layers of your own to `registerLayer`. */
  layers?: string;
}

/** What a trainer has of its cluster. */
export interface Surroundings {
  coordinator: {
    isDescribedBy(trainer: object): boolean;
    describe(trainer: object, told: Omit<Run, "run">): Promise<void>;
    hand(header: StepHeader, state: Uint8Array, bytes: number): Promise<Round>;
    finish(round: Round): void;
  };
  find: (dataset: Dataset) => Named | undefined;
  /** Throws where the cluster was closed. */
  expectOpen: (where: string) => void;
}

type Recipe = Named & { views: View[] };

/** A step into which nothing is written: its part is computed elsewhere. */
class DistantStep extends TrainStep {
  override get input(): Float32Array {
    return new Float32Array(0);
  }
  override get target(): Float32Array | Int32Array {
    return this.plan.graph.values[this.plan.target].dtype === "i32" ? new Int32Array(0) : new Float32Array(0);
  }
  override get weights(): null {
    return null;
  }
  override get isCurrent(): boolean {
    return true;
  }
}

const kindOf = ({ targets }: Dataset): TargetKind => (targets === "class" ? "indices" : "values");

/** The part that comes next, and the step that it is of. */
interface Due {
  round: Round;
  shard: number;
  part: Computed;
  dataset: Dataset;
  indices: Uint32Array;
}

/** A step under way, and all that it depends on: a fit that was stopped goes on with it. */
interface Asked {
  round: Round;
  described: string;
  header: StepHeader;
  state: Uint8Array;
  weightsVersion: number;
}

/**
 * Trains a model on the workers of a cluster; made by `cluster.trainer`. All that a `Trainer` has; what is not `fit` runs here.
 *
 * @example
 * const cluster = await openCluster();
 * const training = cluster.trainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }), accumulate: 4 });
 * await training.fit(await cluster.dataset({ cifar: "cifar-10", options: { train: true } }), { epochs: 1 });
 */
export class ClusterTrainer extends Trainer {
  readonly #around: Surroundings;
  readonly #layers: string | undefined;
  #described = "";
  #asked: Asked | undefined;
  /** Where the next state is written, unless a step under way has it. */
  #state: Uint8Array | undefined;
  #due: Due | undefined;
  /** Tells who waits now from who no longer does. */
  #ticket = 0;

  /** @internal */
  constructor(model: Model, given: ClusterTrainerOptions, around: Surroundings) {
    const where = "cluster.trainer";
    const { layers, ...options }: ClusterTrainerOptions = Object(given);
    super(model, options);
    if (this.accumulate < 2)
      throw new ArgumentError(expectation(where, "accumulate", "at least 2, the parts of a step", this.accumulate));
    if (model.info.relaxedSimd) {
      const hint = "createModel(network, { relaxedSimd: false })";
      throw new ArgumentError(
        expectation(where, "model", "one without relaxed SIMD, whose bits differ between machines", "one with it", {
          hint,
        }),
      );
    }
    this.#around = around;
    this.#layers = optional(text)(where, "layers", layers);
  }

  /** @internal */
  override async fitFor(
    dataset: Dataset,
    options: FitOptions | undefined,
    listen?: () => Promise<FitListener>,
  ): Promise<History> {
    const where = "fit";
    this.#around.expectOpen(where);
    this.expectIdle(where);
    this.lossFor(where);
    this.expectFits(where, dataset);
    const recipe = recipeOf(where, dataset, this.#around.find);
    if (JSON.stringify(lossFromJSON(JSON.parse(JSON.stringify(this.loss)))) !== JSON.stringify(this.loss))
      throw new ArgumentError(expectation(where, "loss", "one of this library", this.loss));
    try {
      return await super.fitFor(this.#distant(dataset, recipe), options, listen);
    } finally {
      this.#ticket++;
      this.#due = undefined;
    }
  }

  /** The dataset as fit goes through it: in place of loading a part's samples it waits for what a worker makes of them. */
  #distant(dataset: Dataset, recipe: Recipe): Dataset {
    const { transform }: { transform?: unknown } = Object(dataset);
    const distant: Dataset = {
      ...targetsOf(dataset),
      length: dataset.length,
      inputShape: dataset.inputShape,
      ...(transform !== undefined && { transform }),
      ...(dataset.getWeights && { getWeights: (_, weights) => void weights.fill(1) }),
      get: () => {},
      prefetch: (indices, epoch = 0, next = []) => this.#wait(dataset, recipe, Uint32Array.from(indices), epoch, next),
    };
    const description = datasetDescription(dataset);
    if (description) describeDataset(distant, () => description);
    return trustLabels(distant, () => undefined);
  }

  /** Waits for the next part of a step; the first one hands the step out. */
  async #wait(
    dataset: Dataset,
    recipe: Recipe,
    indices: Uint32Array,
    epoch: number,
    next: ArrayLike<number>,
  ): Promise<void> {
    const ticket = ++this.#ticket;
    const first = this.partial?.samples ?? 0;
    if (first === 0) this.#asked = await this.#hand(dataset, recipe, indices, epoch, next);
    const { round } = this.#asked ?? {};
    if (!round) throw new ResnetWasmError(expectation("fit", "step", "one under way", "none"));
    const shard = first / round.header.each;
    const part = await round.parts[shard].come;
    if (ticket === this.#ticket) this.#due = { round, shard, part, dataset, indices };
  }

  /** Hands a step out, or gives the one that is under way where it is the same. */
  async #hand(
    dataset: Dataset,
    recipe: Recipe,
    indices: Uint32Array,
    epoch: number,
    next: ArrayLike<number>,
  ): Promise<Asked> {
    const { coordinator } = this.#around;
    const each = indices.length;
    const rest: number[] = Array.prototype.slice.call(next, 0, each * (this.accumulate - 1));
    const all = Uint32Array.from([...indices, ...rest]);
    if (all.length > MOST.samples)
      throw new ArgumentError(expectation("fit", "samples of a step", `at most ${MOST.samples}`, all.length));
    const described = await this.#describe(dataset, recipe, each);
    const { engine, outputShape } = this.model;
    const loss = this.lossFor("fit");
    const rows = numel(loss.targetShape([1, ...outputShape], loss.targets[0]));
    const header = { epoch, randomStep: engine.randomStep, samples: all.length, each, total: all.length * rows };
    const asked = this.#asked;
    const state = writeStep(engine, all, this.#state === asked?.state ? undefined : this.#state);
    this.#state = state;
    const { weightsVersion } = engine.executor;
    const isSame =
      asked?.round.isOver === false &&
      asked.described === described &&
      JSON.stringify(asked.header) === JSON.stringify(header) &&
      Buffer.compare(asked.state, state) === 0;
    if (isSame) return { ...asked, weightsVersion };
    const { plan } = super.prepareStep(each, kindOf(dataset), dataset.getWeights !== undefined);
    return {
      ...{ described, header, state, weightsVersion },
      round: await coordinator.hand(header, state, partBytes(engine, plan)),
    };
  }

  /** Tells workers what is trained, where that has changed. */
  async #describe(dataset: Dataset, recipe: Recipe, samples: number): Promise<string> {
    const { engine, inputShape, network } = this.model;
    const { description, frozen } = engine;
    const names = [...description.parameters, ...description.buffers].map(({ name }) => name);
    const told = {
      version,
      network,
      inputShape,
      seed: engine.seed,
      prefer: engine.prefer,
      loss: this.loss,
      frozen: names.filter((name) => frozen.has(name)),
      layers: this.#layers,
      dataset: recipe.name,
      views: recipe.views,
    };
    const key = JSON.stringify(told);
    const { coordinator } = this.#around;
    if (key === this.#described && coordinator.isDescribedBy(this)) return key;
    const { plan } = super.prepareStep(samples, kindOf(dataset), dataset.getWeights !== undefined);
    const digests = { version, model: planDigest(plan), dataset: recipe.digest };
    await coordinator.describe(this, { ...told, samples, digests });
    this.#described = key;
    return key;
  }

  /** @internal */
  override prepareStep(batchSize: number, kind: TargetKind, weighted = false): TrainStep {
    const step = super.prepareStep(batchSize, kind, weighted);
    return this.#due ? new DistantStep(step.plan, this.model.engine) : step;
  }

  /** @internal */
  override takePart(...given: Parameters<Trainer["takePart"]>): ReturnType<Trainer["takePart"]> {
    const due = this.#due;
    if (!due) return super.takePart(...given);
    this.#due = undefined;
    const [step, , samples, settings = {}] = given;
    const { engine } = this.model;
    const { round, part } = due;
    if (!this.partial) {
      this.own();
      if (engine.executor.weightsVersion !== this.#asked?.weightsVersion) {
        const hint = "Predictions may be made meanwhile, changes of weights not";
        throw new ResnetWasmError(
          expectation("fit", "model", "left alone while workers compute a step", "changed", { hint }),
        );
      }
    }
    this.largestBatch = Math.max(this.largestBatch, step.plan.batchSize);
    this.partial ??= new Accumulation(engine, round.header.total);
    if (!part.finite || !addPart(engine, step.plan, this.partial, part)) this.#diagnose(due, samples);
    const done = this.completePart(samples, settings);
    if (done) {
      this.#around.coordinator.finish(round);
      this.#asked = undefined;
    }
    return done;
  }

  /** Computes a part that is not finite here, as `createTrainer` would, to say where. Throws. */
  #diagnose({ dataset, indices, round }: Due, samples: number): never {
    const first = this.partial?.samples ?? 0;
    const step = super.prepareStep(indices.length, kindOf(dataset), dataset.getWeights !== undefined);
    const loss = this.lossFor("fit");
    fillBatch("fit", step, loss, dataset, indices, round.header.epoch);
    super.takePart(step, weighBatch(step, loss, sampleWeights("fit", dataset, indices)), samples);
    throw new ResnetWasmError(
      expectation("fit", `the part of samples ${first} to ${first + indices.length}`, "not finite here, too", "finite"),
    );
  }
}
