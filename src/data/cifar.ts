/**
 * CIFAR-10 and CIFAR-100 in their binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label
 * byte (CIFAR-100: coarse, then fine) and 3072 bytes, the red plane, the green, the blue, each 32 rows of 32.
 */

import { expectOneOf } from "../core/check.js";
import { ArgumentError, DataError, describe, expectation, FormatError } from "../core/errors.js";
import { keysOf } from "../core/keys.js";
import { flag, list, oneOf, optional, readOptions, type Schema, text } from "../core/options.js";
import { tagOf } from "../core/tag.js";
import { arrayDataset } from "./array.js";
import type { ClassDataset } from "./dataset.js";
import { type FileOptions, fileSchema } from "./files.js";
import { readSourceFile } from "./source-files.js";

const SIDE = 32;
const PIXELS = SIDE * SIDE;

/** "cifar100" takes the 100 fine labels, "cifar100-coarse" the 20 superclasses. */
export type CifarKind = "cifar10" | "cifar100" | "cifar100-coarse";

const KINDS = {
  cifar10: { labelBytes: 1, label: 0, classes: 10 },
  cifar100: { labelBytes: 2, label: 1, classes: 100 },
  "cifar100-coarse": { labelBytes: 2, label: 0, classes: 20 },
} as const;

/**
 * Names of CIFAR-10's classes, by index.
 *
 * @example
 * console.log(CIFAR10_CLASSES[3]); // "cat"
 */
export const CIFAR10_CLASSES = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

const KIND_NAMES = keysOf(KINDS);

/** Whole records whose labels are classes. */
function checkRecords(file: Uint8Array, kind: CifarKind, path: string | undefined): void {
  const where = "readCifar";
  const { labelBytes, label, classes } = KINDS[kind];
  const record = labelBytes + 3 * PIXELS;
  if (file.length === 0 || file.length % record !== 0) {
    const expected = `a multiple of ${record} bytes above 0`;
    throw new FormatError(expectation(where, "file", expected, `${file.length} bytes`, { path }));
  }
  for (let at = 0; at < file.length; at += record) {
    if (file[at + label] < classes) continue;
    const name = `label of record ${at / record}`;
    throw new FormatError(expectation(where, name, `a class from 0 to ${classes - 1}`, file[at + label], { path }));
  }
}

/**
 * Reads binary files, one after the other, as images [32, 32, 3] of 0 … 1.
 *
 * @example
 * const dataset = readCifar(new Uint8Array(3073)); // one sample: a label, 3,072 values
 */
export function readCifar(
  files: Uint8Array | readonly Uint8Array[],
  kind: CifarKind = "cifar10",
  fileNames: readonly string[] = [],
): ClassDataset {
  const where = "readCifar";
  const { labelBytes, label, classes } = KINDS[expectOneOf(where, "kind", kind, KIND_NAMES)];
  const list = tagOf(files) === "Uint8Array" ? [files as Uint8Array] : files;
  if (!Array.isArray(list) || !Array.from(list).every((file) => tagOf(file) === "Uint8Array")) {
    throw new ArgumentError(expectation(where, "files", "Uint8Array or an array of them", describe(files)));
  }
  if (!Array.isArray(fileNames))
    throw new ArgumentError(expectation(where, "fileNames", "an array of names", describe(fileNames)));
  const record = labelBytes + 3 * PIXELS;
  for (const [i, file] of list.entries()) checkRecords(file, kind, fileNames[i]);
  const count = list.reduce((sum, file) => sum + file.length / record, 0);
  const x = new Uint8Array(count * 3 * PIXELS);
  const y = new Int32Array(count);
  let example = 0;
  for (const file of list) {
    for (let at = 0; at < file.length; at += record, example++) {
      y[example] = file[at + label];
      // Planes to interleaved channels: NCHW to NHWC.
      const [from, to] = [at + labelBytes, example * 3 * PIXELS];
      for (let pixel = 0; pixel < PIXELS; pixel++) {
        for (let c = 0; c < 3; c++) x[to + 3 * pixel + c] = file[from + c * PIXELS + pixel];
      }
    }
  }
  const classNames = kind === "cifar10" ? CIFAR10_CLASSES : undefined;
  return arrayDataset({ x, y, inputShape: [SIDE, SIDE, 3], classes, classNames });
}

export interface CifarOptions extends FileOptions {
  /** The training part, or the test part. */
  train: boolean;
  /** Default "cifar10". */
  kind?: CifarKind;
  /** Other files than the usual ones, all of them required. */
  files?: readonly string[];
}

const schema = () =>
  ({
    train: flag(),
    kind: oneOf(KIND_NAMES, "cifar10"),
    files: optional(list(text, "an array of names")),
    ...fileSchema(),
  }) satisfies Schema<CifarOptions>;

/**
 * Loads the training or the test part from a folder or a URL. Of CIFAR-10's five training files, those are taken that
 * are there, from the first on.
 *
 * @example
 * const test = await loadCifar("cifar-10-batches-bin", { train: false });
 */
export async function loadCifar(source: string | URL, options: CifarOptions): Promise<ClassDataset> {
  const where = "loadCifar";
  const { train, kind, files, ...reading } = readOptions(where, options, schema);
  const usual =
    kind === "cifar10"
      ? train
        ? [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`)
        : ["test_batch.bin"]
      : [train ? "train.bin" : "test.bin"];
  const names = files ?? usual;
  const found: [string, Uint8Array][] = [];
  for (const name of names) {
    const bytes = await readSourceFile(where, source, name, reading, (file) => {
      checkRecords(file, kind, name);
      return file;
    });
    if (bytes) found.push([name, bytes]);
    else if (files || found.length === 0) {
      throw new DataError(expectation(where, "source", `${name} in ${source}`, "no such file"));
    } else break;
  }
  return readCifar(
    found.map(([, bytes]) => bytes),
    kind,
    found.map(([name]) => name),
  );
}
