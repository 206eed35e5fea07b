/** MNIST, Fashion-MNIST, KMNIST: four idx files of 28x28 grey images and class labels. */
import { DataError, expectation, FormatError } from "../core/errors.js";
import { flag, list, optional, readOptions, type Schema, text } from "../core/options.js";
import { formatShape } from "../core/shape.js";
import { arrayDataset } from "./array.js";
import type { ClassDataset } from "./dataset.js";
import { type FileOptions, fileSchema, type ReadFileOptions } from "./files.js";
import { gunzip, type IdxArray, isGzip, readIdx } from "./idx.js";
import { readSourceFile } from "./source-files.js";

export interface MnistOptions extends FileOptions {
  /** The training part, or the test part ("t10k"). */
  train: boolean;
  /** Examples as [784] (the default) instead of [28, 28, 1]. */
  flatten?: boolean;
  classNames?: readonly string[];
}

/**
 * Loads the training or the test part from a folder or a URL, packed (.gz) or not. Pixels are 0 … 1.
 *
 * @example
 * const train = await loadMnist("mnist", { train: true });
 */
export async function loadMnist(source: string | URL, options: MnistOptions): Promise<ClassDataset> {
  const { train, flatten, classNames, ...files } = readOptions(where, options, schema);
  const part = train ? "train" : "t10k";
  const images = await readPart(source, `${part}-images-idx3-ubyte`, 3, files);
  const labels = await readPart(source, `${part}-labels-idx1-ubyte`, 1, files);
  const [count, height, width] = images.shape as [number, number, number];
  if (labels.shape[0] !== count) {
    throw new DataError(expectation(where, `${part} labels`, `${count}, one for each image`, labels.shape[0]));
  }
  return arrayDataset({
    x: images.data as Uint8Array,
    y: labels.data,
    inputShape: flatten ? [height * width] : [height, width, 1],
    classes: classNames?.length ?? 10,
    classNames,
  });
}

const where = "loadMnist";

const schema = () =>
  ({
    train: flag(),
    flatten: flag(true),
    classNames: optional(list(text, "an array of names")),
    ...fileSchema(),
  }) satisfies Schema<MnistOptions>;

async function readPart(source: string | URL, name: string, rank: number, options: ReadFileOptions): Promise<IdxArray> {
  const read = async (bytes: Uint8Array): Promise<IdxArray> => {
    const array = readIdx(isGzip(bytes) ? await gunzip(bytes, name, options.maxBytes) : bytes, name);
    if (array.shape.length !== rank || !(array.data instanceof Uint8Array) || array.shape.includes(0)) {
      const got = `${array.data.constructor.name} ${formatShape(array.shape)}`;
      throw new FormatError(expectation(where, name, `unsigned bytes in ${rank} dimensions above 0`, got));
    }
    return array;
  };
  const array =
    (await readSourceFile(where, source, `${name}.gz`, options, read)) ??
    (await readSourceFile(where, source, name, options, read));
  if (!array) throw new DataError(expectation(where, "source", `${name}.gz or ${name} in ${source}`, "neither"));
  return array;
}

/**
 * Names of Fashion-MNIST's classes, by index.
 *
 * @example
 * console.log(FASHION_MNIST_CLASSES[9]); // "Ankle boot"
 */
export const FASHION_MNIST_CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;

/**
 * SHA-256 of the four files of github.com/zalandoresearch/fashion-mnist, for the option `sha256`.
 *
 * @example
 * const train = await loadMnist("fashion-mnist", { train: true, sha256: FASHION_MNIST_SHA256 });
 */
export const FASHION_MNIST_SHA256 = {
  "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
  "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
  "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
  "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
} as const;
