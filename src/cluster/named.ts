/** Datasets by names that each machine can open, and digests that tell whether they opened the same. */
import { stat } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ArgumentError, DataError, describe, expectation } from "../core/errors.js";
import { numel } from "../core/shape.js";
import { messageOf } from "../core/thrown.js";
import { type CifarOptions, loadCifar } from "../data/cifar.js";
import { type Dataset, expectDataset, getBatch, sampleWeights, targetSize, targetsOf } from "../data/dataset.js";
import { type ImageFolderOptions, loadImageFolder } from "../data/image/folder.js";
import { loadMnist, type MnistOptions } from "../data/mnist.js";
import { sha256 } from "./seal.js";

/**
 * What each machine opens, in its own folder of data: a module of JavaScript whose export is a dataset or a function that makes
 * one of `options`; a folder of pictures by class (`loadImageFolder`); the files of CIFAR (`loadCifar`), of MNIST or
 * Fashion-MNIST (`loadMnist`). Paths are relative to the folder and stay in it.
 */
export type DatasetName =
  | { module: string; export?: string; options?: unknown }
  | { folder: string; options: ImageFolderOptions }
  | { cifar: string; options: CifarOptions }
  | { mnist: string; options: MnistOptions };

/** Throws `ArgumentError` on a path that leads out of a folder. */
export function within(where: string, folder: string, path: string): string {
  const inside = relative(folder, resolve(folder, path));
  if (typeof path === "string" && !isAbsolute(path) && !inside.startsWith("..") && !isAbsolute(inside))
    return join(folder, inside);
  const hint = "Machines may keep their data in different places: each is told its folder by `data`";
  throw new ArgumentError(expectation(where, "path", "one within the folder of data", path, { hint }));
}

/** Imports a file of the folder. */
export async function importFile(where: string, folder: string, path: string): Promise<Record<string, unknown>> {
  const file = within(where, folder, path);
  await stat(file).catch((cause) => {
    throw new DataError(expectation(where, `module ${path}`, "a file in the folder of data", "none", {}), { cause });
  });
  return import(pathToFileURL(file).href);
}

/** Opens a dataset in a folder. */
export async function openNamed(where: string, given: DatasetName, folder: string): Promise<Dataset> {
  const name: DatasetName = Object(given);
  if ("folder" in name) return loadImageFolder(within(where, folder, name.folder), name.options);
  if ("cifar" in name) return loadCifar(within(where, folder, name.cifar), name.options);
  if ("mnist" in name) return loadMnist(within(where, folder, name.mnist), name.options);
  if (!("module" in name))
    throw new ArgumentError(expectation(where, "dataset", "{ module }, { folder }, { cifar } or { mnist }", given));
  const { module, export: key = "default", options } = name;
  const found = (await importFile(where, folder, module))[key];
  const dataset: unknown = typeof found === "function" ? await found(options) : await found;
  if (dataset === undefined)
    throw new ArgumentError(
      expectation(where, `export ${key} of ${module}`, "a dataset or a function", describe(found)),
    );
  expectDataset(where, dataset);
  return dataset as Dataset;
}

/** Up to so many numbers of input all samples are read for the digest: 1 GiB of float32, some seconds. */
const ALL = 2 ** 28;
/** Of longer datasets so many, evenly from the first to the last. */
const SOME = 4096;
/** Samples that are read at a time. */
const BATCH = 64;

/**
 * A digest of what a dataset gives in epoch 0: shape, targets, names of classes, and samples with their labels and weights. All
 * samples where they are at most 2^28 numbers, else 4,096 from first to last.
 */
export async function datasetDigest(where: string, dataset: Dataset): Promise<string> {
  const { length, inputShape } = dataset;
  if (length < 1) throw new DataError(expectation(where, "dataset", "at least one sample", length));
  const each = numel(inputShape);
  const count = each * length <= ALL ? length : Math.min(SOME, length);
  const digests: string[] = [JSON.stringify({ length, inputShape, ...targetsOf(dataset), count })];
  for (let at = 0; at < count; at += BATCH) {
    const n = Math.min(BATCH, count - at);
    const indices = Uint32Array.from({ length: n }, (_, i) =>
      count === length ? at + i : Math.floor(((at + i) * (length - 1)) / (count - 1)),
    );
    try {
      await dataset.prefetch?.(indices, 0);
      const x = new Float32Array(n * each);
      const y = new (dataset.targets === "class" ? Int32Array : Float32Array)(n * targetSize(dataset));
      getBatch(dataset, indices, x, y, 0);
      const weights = sampleWeights(where, dataset, indices) ?? new Float32Array(0);
      digests.push(sha256(...[x, y, weights].map((view) => new Uint8Array(view.buffer))));
    } catch (cause) {
      const samples = `samples ${indices[0]} to ${indices[n - 1]}`;
      throw new DataError(expectation(where, samples, "to be read", messageOf(cause)), { cause });
    }
  }
  return sha256(...digests);
}
