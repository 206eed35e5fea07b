/** The worker's side: one model, its trainers and datasets, and the methods that are called on them. */

import { expectation, ResnetWasmError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import type { Dataset } from "../data/dataset.js";
import type { ImageSource } from "../data/image/source.js";
import type { LoadOptions, ModelOptions } from "../model/create.js";
import { activations, gradCam } from "../model/features.js";
import { freeze, unfreeze } from "../model/freeze.js";
import type { Model } from "../model/model.js";
import { stateNames } from "../model/state.js";
import { fetchLayers } from "../nn/fetch-layers.js";
import type { Layer } from "../nn/layer.js";
import { makeLayer } from "../nn/registry.js";
import { recalibrate } from "../train/recalibrate.js";
import type { Trainer } from "../train/trainer.js";
import type {
  CallContext,
  CallName,
  DatasetReference,
  Methods,
  ModelFacts,
  SentPattern,
  Served,
  TrainerCalls,
} from "./calls.js";
import { encodeError } from "./errors.js";
import { makeDataset, type PageDataset, pageDataset } from "./make-dataset.js";
import type { Request, Response } from "./messages.js";
import { pack } from "./pack.js";
import { revivePattern } from "./patterns.js";
import { predict } from "./predict.js";
import { trainerMethods } from "./serve-trainer.js";

/** The page as the worker sees it. */
export interface Endpoint {
  post(response: Response, transfer: ArrayBuffer[]): void;
  listen(received: (request: Request) => void): void;
  /** Holds a lock until the worker dies. Gives whether it could be had. */
  hold(name: string): Promise<boolean>;
}

/** `createModel` and `loadModel` of the runtime at hand. */
export interface Makers {
  createModel(network: Layer, options: ModelOptions): Promise<Model>;
  loadModel(bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Model>;
}

/** Thrown where the page ended the call: it knows the reason. */
const ABORTED = new Error("aborted");
const FAILED = new Error("a function of the page threw");

export class Server implements Served {
  readonly #endpoint: Endpoint;
  readonly #makers: Makers;
  #model: Model | null = null;
  readonly #trainers = new Map<number, Trainer>();
  readonly #datasets = new Map<number, () => Dataset>();
  /** Datasets that stay on the page, by the page's number and what is told of them. */
  readonly #pages = new Map<number, Map<string, PageDataset>>();
  readonly #aborts = new Map<number, AbortController>();
  readonly #questions = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #nextQuestion = 0;
  /** The way to run that the page knows of. */
  #told = "";
  readonly #methods: Methods;

  constructor(endpoint: Endpoint, makers: Makers) {
    this.#endpoint = endpoint;
    this.#makers = makers;
    this.#methods = { ...this.#modelMethods(), ...trainerMethods(this) };
    endpoint.listen((request) => void this.#receive(request));
  }

  get model(): Model {
    if (!this.#model) throw new ResnetWasmError(expectation("worker", "model", "one that was created", "none"));
    return this.#model;
  }

  addTrainer(trainer: Trainer): number {
    this.#trainers.set(this.#trainers.size, trainer);
    return this.#trainers.size - 1;
  }

  trainer(id: number): Trainer {
    return lookUp(this.#trainers, id);
  }

  find(reference: DatasetReference, ask: CallContext["ask"]): Dataset {
    if ("id" in reference) return lookUp(this.#datasets, reference.id)();
    const { page, name, fields } = reference;
    // The same object as in the last call, so that a load which that one left is waited for, where it is the same dataset.
    const key = JSON.stringify([name, fields]);
    const pages = this.#pages.get(page) ?? new Map<string, PageDataset>();
    this.#pages.set(page, pages);
    const known = pages.get(key) ?? pageDataset(reference, ask);
    known.ask = ask;
    pages.set(key, known);
    return known.dataset;
  }

  async #receive(request: Request): Promise<void> {
    if ("hello" in request) {
      const locked = await this.#endpoint.hold(request.hello);
      this.#endpoint.post({ ready: true, locked }, []);
    } else if ("abort" in request) this.#aborts.get(request.abort)?.abort(ABORTED);
    else if ("answer" in request) {
      const question = this.#questions.get(request.answer);
      this.#questions.delete(request.answer);
      if (request.failed) question?.reject(FAILED);
      else question?.resolve(request.value);
    } else await this.#call(request);
  }

  async #call({ id = -1, method, args, aborted }: Extract<Request, { method: string }>): Promise<void> {
    const controller = new AbortController();
    if (aborted) controller.abort(ABORTED);
    this.#aborts.set(id, controller);
    const { signal } = controller;
    const context: CallContext = {
      signal,
      ask: (name, value) =>
        new Promise((resolve, reject) => {
          const question = this.#nextQuestion++;
          this.#questions.set(question, { resolve: (answer) => resolve(answer as never), reject });
          this.#post({ id, ask: question, name, value });
        }),
      tell: (name, value) => this.#post({ id, tell: name, value }),
    };
    try {
      const work: (context: CallContext, ...args: never[]) => unknown = this.#methods[method];
      const value = await work(context, ...(args as never[])); // the page's calls have the same table of types
      if (id >= 0 || method === "leave") this.#post({ id, value });
    } catch (error) {
      if (error === ABORTED) this.#post({ id, ended: "aborted" });
      else if (error === FAILED) this.#post({ id, ended: "failed" });
      else this.#post({ id, error: encodeError(error) });
    } finally {
      this.#aborts.delete(id);
    }
  }

  /** Results belong to nobody else, so their buffers move without a copy. */
  #post(response: Response): void {
    const info = this.#model?.info;
    if (info && info.why !== this.#told) {
      this.#told = info.why;
      this.#endpoint.post({ info }, []);
    }
    const list = new Set<ArrayBuffer>();
    const packed = pack(response, true, list);
    this.#endpoint.post(packed, [...list]);
  }

  #modelMethods(): Methods<Exclude<CallName, keyof TrainerCalls | "createTrainer">> {
    const opened = (model: Model): ModelFacts => {
      this.#model = model;
      this.#told = model.info.why;
      const { info, inputShape, outputShape, outputShapes, transform, classNames, temperature } = model;
      const network = model.network.toJSON();
      return { info, inputShape, outputShape, outputShapes, transform, classNames, temperature, network };
    };
    const match = (change: typeof freeze) => (_: CallContext, pattern: SentPattern) =>
      change(this.model, revivePattern(pattern));
    return {
      predict: ({ signal }, ...args) => predict(this.model, signal, ...args),
      forward: (_, ...args) => this.model.forward(...args),
      backward: (_, ...args) => this.model.backward(...args),
      gradients: () => this.model.gradients(),
      stateDict: () => this.model.stateDict(),
      memoryPlan: (_, ...args) => this.model.memoryPlan(...args),
      summary: () => this.model.summary(),
      createModel: async (_, network, options) =>
        opened(await this.#makers.createModel(makeLayer(network, await fetchLayers(JSON.stringify(network))), options)),
      loadModel: async (_, bytes, options) => opened(await this.#makers.loadModel(bytes, options)),
      loadStateDict: (_, state, { rename, skip, ...options }) => {
        const names = Array.isArray(rename) ? new Map(rename) : null;
        const renamed = names ? (name: string) => lookUp(names, name) : undefined;
        return this.model.loadStateDict(state, { ...options, rename: renamed, skip: skip && revivePattern(skip) });
      },
      save: (_, transform, options) => {
        this.model.transform = transform;
        return this.model.save(options);
      },
      profile: async (_, x, options) => ({ ...(await this.model.profile(x, options)) }),
      activations: (_, x, layers) => activations(this.model, x, layers),
      gradCam: (_, x, options) => gradCam(this.model, x, options),
      freeze: match(freeze),
      unfreeze: match(unfreeze),
      names: () => stateNames(this.model.engine.description).map(({ entry }) => entry.name),
      recalibrate: ({ signal, ask }, dataset, options) =>
        recalibrate(this.model, this.find(dataset, ask), { ...options, signal }),
      prepare: (_, extras) => void Object.assign(this.model, extras),
      // Which of the two is asked for decides what comes back.
      classify: ({ signal }, given, options) => this.model.classify(given as ImageSource, { ...options, signal }),
      dataset: (_, id, recipe) => {
        try {
          const dataset = makeDataset(recipe, (inner) => lookUp(this.#datasets, inner)());
          this.#datasets.set(id, () => dataset);
        } catch (error) {
          // Nobody waits for this call; the one that uses the dataset fails.
          this.#datasets.set(id, () => {
            throw error;
          });
        }
      },
      forget: (_, id) => {
        this.#datasets.delete(id);
        this.#pages.delete(id);
      },
      leave: () => this.#model?.dispose(),
    };
  }
}
