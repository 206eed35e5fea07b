/**
 * Datasets that still have the pictures which their samples are made of. `augment` asks for them: a random part is cut
 * out of the whole picture and made small then, and colours change before they are normalised, as torchvision does it.
 */
import type { Philox } from "../../core/random.js";
import type { Dataset } from "../dataset.js";
import { datasetDescription } from "../description.js";
import type { ImageShape } from "./pixels.js";
import type { Box, Interpolation } from "./resize.js";

/** A random part of a picture, to be resized to the sample's size. */
export interface PictureCut {
  box(shape: ImageShape, random: Philox): Box;
  /** Height and width that no box of a picture falls below by more than rounding. */
  least(shape: ImageShape): { height: number; width: number };
  interpolation: Interpolation;
}

/** Samples of 0 … 1 from pictures. */
export interface PictureView {
  /** As a dataset's `get`. `randoms` holds a generator for each sample, to draw its part from. */
  get(indices: ArrayLike<number>, x: Float32Array, y: Int32Array | Float32Array, randoms: readonly Philox[]): void;
  prefetch(indices: ArrayLike<number>): Promise<void>;
  /** What the dataset's own `get` does to values of 0 … 1, in place. */
  normalise(x: Float32Array): void;
}

export type OpenPictures = (cut: PictureCut | undefined) => PictureView;

const pictures = new WeakMap<Dataset, OpenPictures>();

export function describePictures<D extends Dataset>(dataset: D, open: OpenPictures): D {
  pictures.set(dataset, open);
  return dataset;
}

/** Undefined where samples are all there is. */
export function picturesOf(dataset: Dataset): OpenPictures | undefined {
  const description = datasetDescription(dataset);
  if (description?.type !== "subset") return pictures.get(dataset);
  const open = picturesOf(description.dataset);
  const translate = (indices: ArrayLike<number>): number[] => Array.from(indices, (i) => description.indices[i]);
  return (
    open &&
    ((cut) => {
      const whole = open(cut);
      return {
        get: (indices, x, y, randoms) => whole.get(translate(indices), x, y, randoms),
        prefetch: (indices) => whole.prefetch(translate(indices)),
        normalise: whole.normalise,
      };
    })
  );
}
