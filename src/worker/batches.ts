/** Batches made in worker threads, ahead of who asks for them: what is sent, and the worker's side. */
import { DataError, expectation } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import { augmentationDescription, datasetDescription } from "../data/description.js";
import { type ImageFolderOptions, loadImageFolder } from "../data/image/folder.js";
import type { BatchRequest, DatasetRecipe, SentBatch } from "./calls.js";
import { type ErrorRecord, encodeError } from "./errors.js";
import { makeDataset } from "./make-dataset.js";
import { makeBatch } from "./send-dataset.js";

interface FolderRecipe {
  type: "folder";
  root: string;
  options: object;
  paths: readonly string[];
}

/** Datasets that are made one of the other: the last is the one that is meant. */
export type Recipes = (DatasetRecipe | FolderRecipe)[];

/** How a dataset is made again in another thread; undefined where only functions know. */
export function recipesOf(dataset: Dataset): Recipes | undefined {
  const description = datasetDescription(dataset);
  if (!description) return undefined;
  if (description.type === "array" || description.type === "folder") return [description as Recipes[number]];
  const inner = recipesOf(description.dataset);
  const augmentations =
    description.type === "augment" ? description.augmentations.map(augmentationDescription) : undefined;
  if (!inner || augmentations?.some((each) => each === undefined)) return undefined;
  return [...inner, { ...description, dataset: inner.length - 1, augmentations } as DatasetRecipe];
}

async function makeAll(recipes: Recipes): Promise<Dataset> {
  const made: Dataset[] = [];
  for (const recipe of recipes)
    made.push(recipe.type === "folder" ? await openFolder(recipe) : makeDataset(recipe, (id) => made[id]));
  return made[made.length - 1];
}

/** The folder as it was listed: places are of these files. */
async function openFolder({ root, options, paths }: FolderRecipe): Promise<Dataset> {
  const folder = await loadImageFolder(root, options as ImageFolderOptions);
  if (folder.paths.length === paths.length && folder.paths.every((path, i) => path === paths[i])) return folder;
  const got = `${folder.paths.length} in the folder now`;
  throw new DataError(
    expectation("prefetch", "folder", `the ${paths.length} pictures that it had`, got, { path: root }),
  );
}

/** The first message to a worker. */
export interface MakeRequest {
  recipes: Recipes;
}

export interface NumberedRequest extends BatchRequest {
  id: number;
}

/** What a worker answers. */
export type BatchAnswer = { id: number; batch: SentBatch } | { id: number; error: ErrorRecord };

/** A worker's way to the thread that started it. */
export interface BatchPort {
  post(answer: BatchAnswer, transfer: ArrayBuffer[]): void;
  listen(received: (message: MakeRequest | NumberedRequest) => void): void;
}

/** Makes batches one after the other, as they are asked for. */
export function serveBatches(port: BatchPort): void {
  let dataset: Promise<Dataset> | undefined;
  let last: Promise<void> = Promise.resolve();
  const answer = async ({ id, ...request }: NumberedRequest): Promise<void> => {
    try {
      if (!dataset) throw new DataError(expectation("prefetch", "dataset", "one that was made", "none"));
      const batch = await makeBatch(await dataset, request);
      const { x, y, weights } = batch;
      const buffers = [x, y, ...(weights ? [weights] : [])].map(({ buffer }) => buffer as ArrayBuffer);
      port.post({ id, batch }, buffers);
    } catch (error) {
      port.post({ id, error: encodeError(error) }, []);
    }
  };
  port.listen((message) => {
    if ("recipes" in message) {
      dataset = makeAll(message.recipes);
      dataset.catch(() => {}); // whoever asks for a batch hears of it
    } else last = last.then(() => answer(message));
  });
}
