/** How pictures are prepared for a network that does not say it itself, and what its classes are called. */

import { messageOf } from "../core/thrown.js";
import { IMAGENET_TRANSFORM, type ImageTransform } from "../faces/data.js";
import { imagenetNames } from "../faces/imagenet.js";
import { type CommandOption, type Given, meant, UsageError } from "./command.js";
import { readRegular } from "./read-file.js";

export const preparationOptions: Readonly<Record<string, CommandOption>> = {
  labels: {
    value: "<name or file>",
    about: `names of the classes: "imagenet", or a file with one a line, in the order of the outputs`,
  },
  transform: {
    value: "<name or file>",
    about: `how pictures are prepared: "imagenet" (torchvision's and timm's networks), "inception" (to -1 … 1: Keras's and
      TensorFlow's MobileNets and EfficientNets), "unit" (to 0 … 1), or a file with a transform as JSON`,
  },
};

/** Of the network's size, whatever that of the picture is. */
const TRANSFORMS: Record<string, (height: number, width: number, channels: number) => ImageTransform> = {
  imagenet: (height, width) => ({
    ...IMAGENET_TRANSFORM,
    resize: Math.round((Math.max(height, width) * IMAGENET_TRANSFORM.resize) / IMAGENET_TRANSFORM.crop),
    crop: [height, width],
  }),
  inception: (height, width, channels) => uniform([height, width], channels, 0.5, 0.5),
  unit: (height, width, channels) => uniform([height, width], channels, 0, 1),
};

const uniform = (resize: [number, number], channels: number, mean: number, std: number): ImageTransform => ({
  resize,
  mean: new Array<number>(channels).fill(mean),
  std: new Array<number>(channels).fill(std),
});

export interface Preparation {
  classNames?: string[];
  /** Of a network that takes [height, width, channels]. */
  transform?: (inputShape: readonly number[]) => unknown;
}

export async function readPreparation(given: Given): Promise<Preparation> {
  const [labels, transform] = [given.text("labels"), given.text("transform")];
  return {
    ...(labels !== undefined && { classNames: await labelsOf(labels) }),
    ...(transform !== undefined && { transform: await transformOf(transform) }),
  };
}

async function labelsOf(name: string): Promise<string[]> {
  return name === "imagenet" ? [...imagenetNames] : linesOf(await textOf("labels", name));
}

async function textOf(option: string, path: string): Promise<string> {
  try {
    return String(await readRegular(path));
  } catch (cause) {
    throw new UsageError(`--${option} expected a file that can be read, got ${path}`, { cause });
  }
}

/** Lines without the empty ones at the end; `0 background`, `1: tench` lose their numbers. */
function linesOf(text: string): string[] {
  const lines = text.trimEnd().split(/\r?\n/);
  const isNumbered = lines.every((line, i) => new RegExp(`^${i}\\b[:,]?\\s`).test(line));
  return isNumbered ? lines.map((line) => line.replace(/^\d+[:,]?\s+/, "")) : lines;
}

async function transformOf(name: string): Promise<(inputShape: readonly number[]) => unknown> {
  if (Object.hasOwn(TRANSFORMS, name)) return ([height, width, channels]) => TRANSFORMS[name](height, width, channels);
  if (!name.endsWith(".json"))
    throw new UsageError(
      `--transform expected ${Object.keys(TRANSFORMS).join(", ")} or a .json file, got ${name}${meant(name, Object.keys(TRANSFORMS))}`,
    );
  const text = await textOf("transform", name);
  try {
    const transform: unknown = JSON.parse(text);
    return () => transform;
  } catch (cause) {
    throw new UsageError(`--transform expected JSON in ${name}, got ${messageOf(cause)}`, { cause });
  }
}
