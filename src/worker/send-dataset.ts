/** Datasets on their way to a worker: whole and once where they can be described, batch by batch elsewhere. */
import { DataError, expectation } from "../core/errors.js";
import { numel } from "../core/shape.js";
import { type Dataset, getBatch, sampleWeights, targetSize, targetsOf } from "../data/dataset.js";
import { augmentationDescription, type DatasetDescription, datasetDescription } from "../data/description.js";
import type { BatchRequest, DatasetFields, DatasetName, DatasetRecipe, DatasetReference, SentBatch } from "./calls.js";
import type { Connection } from "./connection.js";

/** The datasets that one worker has. It forgets each when this thread has. */
export class SentDatasets {
  readonly #connection: Connection;
  readonly #ids = new WeakMap<Dataset, number>();
  readonly #pages = new WeakMap<Dataset, number>();
  readonly #dropped: FinalizationRegistry<number>;
  #next = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#dropped = new FinalizationRegistry((id) => connection.tell("forget", [id]));
  }

  /** Sends what is not there yet. `name` is for datasets that stay here. */
  reference(where: string, dataset: Dataset, name: DatasetName, transfer: boolean): DatasetReference {
    if (typeof dataset?.get !== "function")
      throw new DataError(expectation(where, "dataset", "a Dataset, with a function get", dataset));
    const id = this.#send(where, dataset, transfer);
    return id === null ? { page: this.#number(dataset), name, fields: fieldsOf(dataset) } : { id };
  }

  /** What a dataset that stays here is called by. */
  #number(dataset: Dataset): number {
    const known = this.#pages.get(dataset);
    if (known !== undefined) return known;
    const page = this.#next++;
    this.#pages.set(dataset, page);
    this.#dropped.register(dataset, page);
    return page;
  }

  #send(where: string, dataset: Dataset, transfer: boolean): number | null {
    const known = this.#ids.get(dataset);
    if (known !== undefined) return known;
    const description = datasetDescription(dataset);
    const recipe = description && this.#recipe(where, description, transfer);
    if (!recipe) return null;
    const id = this.#next++;
    // Lists of indices and statistics are the dataset's own: only its data may be handed over.
    this.#connection.tell("dataset", [id, recipe], transfer && recipe.type === "array");
    this.#ids.set(dataset, id);
    this.#dropped.register(dataset, id);
    return id;
  }

  #recipe(where: string, description: DatasetDescription, transfer: boolean): DatasetRecipe | null {
    if (description.type === "array") {
      if ((description.options as { x: ArrayLike<number> }).x.length > 0) return description;
      const got = "arrays transferred to another worker";
      throw new DataError(expectation(where, "dataset", "arrays of this thread", got));
    }
    if (description.type === "folder") return null;
    const augmentations =
      description.type === "augment" ? description.augmentations.map(augmentationDescription) : undefined;
    if (augmentations && !augmentations.every((each) => each !== undefined)) return null;
    const dataset = this.#send(where, description.dataset, transfer);
    return dataset === null ? null : ({ ...description, dataset, augmentations } as DatasetRecipe);
  }
}

function fieldsOf(dataset: Dataset): DatasetFields {
  const { length } = dataset;
  const { transform }: { transform?: unknown } = Object(dataset);
  const fields = {
    length,
    inputShape: dataset.inputShape,
    ...targetsOf(dataset),
    weighted: !!dataset.getWeights,
    transform,
  };
  // Copies: what holds a dataset together may be a proxy, which cannot be sent.
  const copies = Object.entries(fields).map(([name, value]) => [name, Array.isArray(value) ? value.slice() : value]);
  return Object.fromEntries(copies);
}

/** One batch of a dataset that stays here, in buffers of its own. */
export async function makeBatch(dataset: Dataset, { indices, epoch }: BatchRequest): Promise<SentBatch> {
  await dataset.prefetch?.(indices, epoch);
  const n = indices.length;
  const x = new Float32Array(n * numel(dataset.inputShape));
  const y = new (dataset.targets === "class" ? Int32Array : Float32Array)(n * targetSize(dataset));
  getBatch(dataset, indices, x, y, epoch);
  const weights = sampleWeights("get", dataset, indices);
  return weights ? { x, y, weights } : { x, y };
}
