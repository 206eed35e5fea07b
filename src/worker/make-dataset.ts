/** Datasets on the worker's side: made again from what they were made of, or asked for batch by batch. */
import { expectation, ResnetWasmError } from "../core/errors.js";
import { arrayDataset } from "../data/array.js";
import type { Dataset } from "../data/dataset.js";
import type { AugmentationDescription } from "../data/description.js";
import { type Augmentation, augment, withRows } from "../data/image/augment.js";
import { colorJitter } from "../data/image/color.js";
import { cutout, horizontalFlip, randomCrop, randomErasing, randomResizedCrop } from "../data/image/geometry.js";
import { cutmix, mixup } from "../data/image/mix.js";
import { jitter, scaling, timeWarp } from "../data/signal.js";
import { normalise, subset } from "../data/views.js";
import type { CallContext, DatasetRecipe, PageReference, SentBatch } from "./calls.js";

const AUGMENTATIONS: Record<string, (options: never) => Augmentation> = {
  colorJitter,
  cutmix,
  cutout,
  horizontalFlip,
  jitter,
  mixup,
  randomCrop,
  randomErasing,
  randomResizedCrop,
  scaling,
  timeWarp,
};

const makeAugmentation = ({ type, options }: AugmentationDescription): Augmentation =>
  AUGMENTATIONS[type](options as never);

/** `find` gives the dataset of an id. */
export function makeDataset(recipe: DatasetRecipe, find: (id: number) => Dataset): Dataset {
  if (recipe.type === "array") return arrayDataset(recipe.options as Parameters<typeof arrayDataset>[0]);
  const dataset = find(recipe.dataset);
  switch (recipe.type) {
    case "subset":
      return subset(dataset, recipe.indices);
    case "normalise":
      return normalise(dataset, recipe);
    case "augment":
      return augment(dataset, recipe.augmentations.map(makeAugmentation), { seed: recipe.seed });
    case "rows":
      return withRows(dataset);
  }
}

/** A dataset that stays on the page and hands its batches over before they are read; the same from call to call. */
export interface PageDataset {
  readonly dataset: Dataset;
  /** How the call at work asks the page. */
  ask: CallContext["ask"];
}

export function pageDataset(
  { name, fields: { weighted, ...fields } }: PageReference,
  ask: CallContext["ask"],
): PageDataset {
  let batch: SentBatch | null = null;
  const dataset: Dataset = {
    ...fields,
    ...(weighted && { getWeights: (_, weights) => weights.set(batch?.weights ?? []) }),
    async prefetch(given, epoch = 0) {
      const { ask } = page;
      const indices = Array.from(given);
      const request = () => ({ indices: Uint32Array.from(indices), epoch }); // sent, an array is empty here
      try {
        batch = await ask(name, request());
      } catch (error) {
        if (page.ask === ask) throw error;
        batch = await page.ask(name, request()); // the call that asked has ended: the one at work is told
      }
    },
    get(_, x, y) {
      if (!batch) throw new ResnetWasmError(expectation("get", "batch", "one that was fetched", "none"));
      x.set(batch.x);
      y.set(batch.y);
    },
  };
  const page: PageDataset = { dataset, ask };
  return page;
}
