/** Datasets whose batches are made in worker threads, ahead of who asks for them. */
import { ArgumentError, expectation, ResnetWasmError } from "../core/errors.js";
import { checked, integer, optional, readOptions, type Schema } from "../core/options.js";
import { tagOf } from "../core/tag.js";
import { checkBuffers, type Dataset, expectDataset, expectIndices, getBatch } from "../data/dataset.js";
import { datasetDescription, describeDataset } from "../data/description.js";
import { describePictures, picturesOf } from "../data/image/pictures.js";
import { withGet } from "../data/views.js";
import { type FileSystem, openFileSystem } from "../stores/file-system.js";
import { type BatchAnswer, type Recipes, recipesOf } from "./batches.js";
import type { SentBatch } from "./calls.js";
import { decodeError } from "./errors.js";

export interface PrefetchOptions {
  /** Threads that make batches. Default 1. */
  workers?: number;
  /** Batches that are made ahead of the one that is asked for. Default 2. */
  ahead?: number;
  /** The path or file: URL of a copy of `resnet-wasm/data/program`. Default: the package's own file, or in bundles a copy as text. */
  worker?: string | URL;
}

const isAddress = (value: unknown): value is string | URL => typeof value === "string" || tagOf(value) === "URL";

const schema = () =>
  ({
    workers: integer({ min: 1, max: 64, default: 1 }),
    ahead: integer({ min: 0, max: 64, default: 2 }),
    worker: optional(checked("a path or a file: URL", isAddress)),
  }) satisfies Schema<PrefetchOptions>;

const where = "prefetch";

/**
 * `dataset` with its batches made in worker threads while the network trains on those before: files are read, pictures decoded and
 * augmented there, and each batch is the same as without. It comes last, after `augment`, `subset` and `normalise`; what functions of
 * your own make is not known in another thread. `fit` says which samples come next; those who go through samples in order need not.
 * In Node, Deno and Bun; threads end with the dataset and keep no process alive.
 *
 * ```ts
 * const photos = await loadImageFolder("photos", { transform: IMAGENET_TRANSFORM });
 * const train = prefetch(augment(photos, [randomResizedCrop(), horizontalFlip()]), { workers: 2 });
 * ```
 *
 * @example
 * await trainer.fit(prefetch(dataset), { epochs: 1 }); // batches are made while the last one is learned from
 */
export function prefetch<D extends Dataset>(dataset: D, options?: PrefetchOptions): D {
  expectDataset(where, dataset);
  const { workers, ahead, worker } = readOptions(where, options, schema);
  const recipes = recipesOf(dataset);
  if (!recipes) {
    const hint = "Put prefetch around loadImageFolder, augment, subset and normalise, and own functions around it";
    throw new ArgumentError(
      expectation(where, "dataset", "one that the library made", "functions of your own", { hint }),
    );
  }
  const crew = new Crew(recipes, workers, worker);
  /** Batches that were asked for, by epoch and samples. */
  const asked = new Map<string, Promise<SentBatch>>();
  const ready = new Map<string, SentBatch>();
  const keyOf = (indices: ArrayLike<number>, epoch: number | undefined) => `${epoch}:${Array.from(indices)}`;
  const ask = (indices: ArrayLike<number>, epoch: number | undefined): Promise<SentBatch> => {
    const key = keyOf(indices, epoch);
    const known = asked.get(key);
    if (known) return known;
    const promise = crew.ask(Uint32Array.from(indices), epoch);
    promise.catch(() => {}); // whoever waits for it hears of it
    asked.set(key, promise);
    return promise;
  };
  const load: Dataset["prefetch"] = async (given, givenEpoch, givenNext) => {
    const indices = expectIndices(where, given, dataset.length);
    const epoch = optional(integer({ max: Number.MAX_SAFE_INTEGER }))(where, "epoch", givenEpoch);
    const coming = givenNext && Array.prototype.slice.call(givenNext, 0, ahead * indices.length);
    const next = coming ? expectIndices(where, coming, dataset.length) : following(indices, dataset.length);
    const wanted = [keyOf(indices, epoch)];
    const batch = ask(indices, epoch);
    for (let i = 0, at = 0; i < ahead && at < next.length; i++, at += indices.length) {
      const part = next.subarray(at, at + indices.length);
      wanted.push(keyOf(part, epoch));
      void ask(part, epoch);
    }
    // What is wanted no more, as a fit was left: its answer is dropped when it comes.
    for (const key of asked.keys()) if (!wanted.includes(key)) asked.delete(key);
    ready.clear();
    ready.set(wanted[0], await crew.wait(batch));
    asked.delete(wanted[0]);
  };
  const get: Dataset["get"] = (indices, x, y, epoch) => {
    checkBuffers(dataset, indices, x, y);
    const batch = ready.get(keyOf(indices, epoch));
    if (!batch) return getBatch(dataset, indices, x, y, epoch);
    x.set(batch.x);
    y.set(batch.y);
  };
  const { transform }: { transform?: unknown } = Object(dataset);
  const made = withGet(dataset, get, { prefetch: load, ...(transform !== undefined && { transform }) } as Partial<D>);
  const pictures = picturesOf(dataset);
  if (pictures) describePictures(made, pictures);
  const description = datasetDescription(dataset);
  if (description) describeDataset(made, () => description);
  dropped.register(made, crew);
  return made;
}

/** Samples in order go on in order. */
function following(indices: Int32Array, length: number): Int32Array {
  const last = indices[indices.length - 1];
  if (last === undefined || indices[0] + indices.length - 1 !== last) return new Int32Array(0);
  return Int32Array.from({ length: Math.min(64 * indices.length, length - 1 - last) }, (_, i) => last + 1 + i);
}

type DataWorker = Awaited<ReturnType<NonNullable<FileSystem>["startDataWorker"]>>;

interface Waiting {
  resolve(batch: SentBatch): void;
  reject(error: unknown): void;
}

/** Workers that have the same dataset, and take turns. */
class Crew {
  readonly #recipes: Recipes;
  readonly #count: number;
  readonly #address: string | URL | undefined;
  #workers: Promise<DataWorker[]> | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(recipes: Recipes, count: number, address: string | URL | undefined) {
    this.#recipes = recipes;
    this.#count = count;
    this.#address = address;
  }

  async ask(indices: Uint32Array, epoch: number | undefined): Promise<SentBatch> {
    const id = this.#next++;
    const workers = await this.#start();
    return new Promise<SentBatch>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      workers[id % workers.length].postMessage({ id, indices, epoch });
    });
  }

  /** Keeps the process alive until a batch is there. */
  async wait(batch: Promise<SentBatch>): Promise<SentBatch> {
    const workers = await this.#start();
    for (const worker of workers) worker.ref();
    try {
      return await batch;
    } finally {
      for (const worker of workers) worker.unref();
    }
  }

  #start(): Promise<DataWorker[]> {
    this.#workers ??= openFileSystem(where, "Where there are none, batches are made in the thread that trains").then(
      ({ startDataWorker }) =>
        Promise.all(
          Array.from({ length: this.#count }, async () => {
            const worker = await startDataWorker(this.#address);
            worker.on("message", (answer: BatchAnswer) => this.#hear(answer));
            worker.on("error", (error) => this.#fail(error));
            worker.on("exit", (code) => this.#fail(new ResnetWasmError(`${where}: a worker left with code ${code}`)));
            worker.unref();
            worker.postMessage({ recipes: this.#recipes });
            return worker;
          }),
        ),
    );
    return this.#workers;
  }

  #hear(answer: BatchAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(decodeError(answer.error));
    else waiting?.resolve(answer.batch);
  }

  #fail(error: unknown): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#workers = undefined;
  }

  async close(): Promise<void> {
    for (const worker of (await this.#workers) ?? []) void worker.terminate();
  }
}

/** Ends the workers of datasets that nobody has any more. */
const dropped = new FinalizationRegistry<Crew>((crew) => void crew.close());
