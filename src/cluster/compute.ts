/** The thread of a worker that computes, so that its main thread can give signs of life and keep BullMQ's locks. */
import { ArgumentError, expectation, FormatError } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import type { ModelOptions } from "../model/create.js";
import type { Model } from "../model/model.js";
import { layerFromJSON } from "../nn/from-json.js";
import type { Layer } from "../nn/layer.js";
import { lossFromJSON } from "../nn/losses.js";
import { SGD } from "../optim/optimizers.js";
import { StepTrainer } from "../train/step-trainer.js";
import { type ErrorRecord, encodeError } from "../worker/errors.js";
import { type DatasetName, datasetDigest, importFile, openNamed } from "./named.js";
import { type Computed, computePart, partBytes, readStep, stateBytes } from "./part.js";
import { withViews } from "./recipe.js";
import { type Digests, difference, planDigest, type Run, type StepHeader } from "./run.js";
import { version } from "./version.js";

/** What the main thread asks, by number. */
export type Question =
  | { id: number; ask: "open"; run: Run }
  /** `step` comes with the first part of it alone. */
  | { id: number; ask: "part"; shard: number; step?: { header: StepHeader; payload: Uint8Array } };

export interface Opened {
  digests: Digests;
  relaxedSimd: boolean;
  threads: number;
  /** Bytes of a step's parameters and buffers, and of a part's gradients and statistics. */
  stateBytes: number;
  partBytes: number;
}

/** Memory of both threads. */
export const sharedSpace = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));

export type Answer = { id: number } & ({ value: Opened | Computed } | { error: ErrorRecord });

/** What the thread is started with. */
export interface ThreadData {
  /** The machine's folder of data. */
  data: string;
  threads: number | "auto";
}

export interface Port {
  post(answer: Answer): void;
  listen(received: (question: Question) => void): void;
}

export type CreateModel = (network: Layer, options: ModelOptions) => Promise<Model>;

/** The step whose parameters are in the model's memory. */
interface Current {
  header: StepHeader;
  indices: Uint32Array;
}

class Compute {
  readonly #createModel: CreateModel;
  readonly #given: ThreadData;
  #trainer: StepTrainer | undefined;
  #dataset: Dataset | undefined;
  #current: Current | undefined;
  /** What a part came to, until the next is asked for. */
  #space: Uint8Array = new Uint8Array(0);
  /** Datasets stay open from one training to the next, and have been read for their digest. */
  readonly #datasets = new Map<string, { dataset: Dataset; digest: string }>();

  constructor(createModel: CreateModel, given: ThreadData) {
    this.#createModel = createModel;
    this.#given = given;
  }

  async #named(name: DatasetName): Promise<{ dataset: Dataset; digest: string }> {
    const key = JSON.stringify(name);
    const known = this.#datasets.get(key);
    if (known) return known;
    const dataset = await openNamed("worker", name, this.#given.data);
    const opened = { dataset, digest: await datasetDigest("worker", dataset) };
    this.#datasets.set(key, opened);
    return opened;
  }

  /** Makes the model and opens the dataset. Throws what it refuses by name. */
  async open(run: Run): Promise<Opened> {
    this.#trainer?.model.dispose();
    this.#trainer = this.#dataset = this.#current = undefined;
    const { network, inputShape, seed, prefer, loss, frozen, layers, views, samples, digests } = run;
    expectSame({ ...digests, version: run.version }, { ...digests, version });
    if (layers !== undefined) await importFile("worker", this.#given.data, layers);
    const { dataset, digest } = await this.#named(run.dataset);
    const model = await this.#createModel(layerFromJSON(network), {
      ...{ inputShape, seed, prefer, threads: this.#given.threads },
      relaxedSimd: false, // its bits differ between machines
    });
    const { engine, info } = model;
    if (info.relaxedSimd)
      throw new ArgumentError(expectation("worker", "relaxedSimd", "off, as bits differ between machines", "on"));
    engine.freeze(new Set(frozen));
    // Nothing is updated here: any optimiser, and parts as of a batch in parts.
    const trainer = new StepTrainer(model, { loss: lossFromJSON(loss), optimizer: new SGD({ lr: 0 }), accumulate: 2 });
    const viewed = withViews(dataset, views);
    const kind = viewed.targets === "class" ? "indices" : "values";
    const { plan } = trainer.prepareStep(samples, kind, viewed.getWeights !== undefined);
    const found = { version, model: planDigest(plan), dataset: digest };
    expectSame(digests, found);
    [this.#trainer, this.#dataset] = [trainer, viewed];
    this.#space = sharedSpace(partBytes(engine, plan));
    return {
      digests: found,
      relaxedSimd: info.relaxedSimd,
      threads: info.threads,
      stateBytes: stateBytes(engine),
      partBytes: this.#space.byteLength,
    };
  }

  async part({ shard, step }: Extract<Question, { ask: "part" }>): Promise<Computed> {
    const [trainer, dataset] = [this.#trainer, this.#dataset];
    if (!trainer || !dataset) throw new ArgumentError(expectation("worker", "run", "one that is open", "none"));
    if (step) {
      const bytes = 4 * step.header.samples + stateBytes(trainer.model.engine);
      if (step.payload.byteLength !== bytes)
        throw new FormatError(expectation("worker", "step", `${bytes} bytes`, step.payload.byteLength));
      this.#current = { header: step.header, indices: readStep(trainer.model.engine, step.header, step.payload) };
    }
    const current = this.#current;
    if (!current) throw new ArgumentError(expectation("worker", "step", "one that has come", "none"));
    return computePart(trainer, dataset, current.header, current.indices, shard, this.#space);
  }
}

/** Throws `ArgumentError` with the first of the facts that differ. */
function expectSame(expected: Digests, found: Digests): void {
  const differs = difference(expected, found);
  if (!differs) return;
  const { name, ours, theirs } = differs;
  const hint = {
    version: "All machines of a cluster run the same version of resnet-wasm",
    model: "A layer of your own, or the module that registers it, is another here",
    dataset: "The files here are not those of the coordinator",
  }[name];
  const short = (text: string) => (name === "version" ? text : text.slice(0, 16));
  throw new ArgumentError(expectation("worker", name, short(ours), short(theirs), { hint }));
}

/** Answers the main thread's questions, one after the other. */
export function serveCompute(port: Port, createModel: CreateModel, given: ThreadData): void {
  const compute = new Compute(createModel, given);
  let last = Promise.resolve();
  const answer = async (question: Question): Promise<void> => {
    const { id } = question;
    try {
      const value = await (question.ask === "open" ? compute.open(question.run) : compute.part(question));
      port.post({ id, value });
    } catch (error) {
      port.post({ id, error: encodeError(error) });
    }
  };
  port.listen((question) => {
    last = last.then(() => answer(question));
  });
}
