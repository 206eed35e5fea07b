/**
 * What datasets and augmentations are made of, as data: enough to make them again in a worker. Kept beside the object,
 * not in it: a copy with another `get` must not pass for the original.
 */
import type { Dataset } from "./dataset.js";

/** Arrays in memory, or another dataset and what was done to it. */
export type DatasetDescription =
  | { type: "array"; options: object }
  | { type: "folder"; root: string; options: object; paths: readonly string[] }
  | { type: "subset"; dataset: Dataset; indices: Int32Array }
  | { type: "normalise"; dataset: Dataset; mean: number[]; std: number[] }
  | { type: "augment"; dataset: Dataset; augmentations: readonly object[]; seed: number }
  | { type: "rows"; dataset: Dataset };

/** The function that made an augmentation, and its options. */
export interface AugmentationDescription {
  type: string;
  options: object;
}

const descriptions = new WeakMap<object, () => unknown>();

export function describeDataset<D extends Dataset>(dataset: D, description: () => DatasetDescription): D {
  descriptions.set(dataset, description);
  return dataset;
}

export function describeAugmentation<A extends object>(type: string, options: object, augmentation: A): A {
  const description: AugmentationDescription = { type, options: { ...options } };
  descriptions.set(augmentation, () => description);
  return augmentation;
}

/** Undefined where only functions know, such as those of `mapInputs` or of a dataset of one's own. */
export const datasetDescription = (dataset: Dataset): DatasetDescription | undefined =>
  descriptions.get(dataset)?.() as DatasetDescription | undefined;

export const augmentationDescription = (augmentation: object): AugmentationDescription | undefined =>
  descriptions.get(augmentation)?.() as AugmentationDescription | undefined;
