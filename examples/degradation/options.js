// @ts-check
/** The command line of the degradation experiment. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Defaults of the convolutional part. */
const IMAGES = { epochs: 3, depths: "20,56", samples: 5_000 };

export const HELP = `The degradation experiment of He et al. (2015): plain nets and their residual twins, trained alike.
First fully connected networks with 2, 8, 20 and 50 hidden layers; with --images also the convolutional ones of the
paper, plain-20, ResNet-20, plain-56 and ResNet-56, on CIFAR-10. All goes into one report.

  npm start                          on glyphs that the library draws
  npm start -- --data <folder>       on Fashion-MNIST or MNIST, from their four .gz idx files
  npm start -- --images <folder>     and convolutional nets on CIFAR-10, from its .bin files; some ten minutes more

  --data <folder>        read images for the fully connected nets from here instead of drawing glyphs
  --epochs <n>           passes over their training images (2)
  --depths <list>        their hidden layers, separated by commas (2,8,20,50)
  --samples <n>          use only so many training images (glyphs: 20000; files: all)

  --images <folder>      data_batch_1.bin, and more of them, and test_batch.bin
  --image-epochs <n>     passes over these training images (${IMAGES.epochs})
  --image-depths <list>  layers of the convolutional nets, each 6n + 2 (${IMAGES.depths})
  --image-samples <n>    use only so many training images (${IMAGES.samples})

  --seed <n>             decides initial weights and the order of the images (0)
  --out <file>           where the report goes (report.html)
  --picture <file>       the losses as one SVG besides, as docs/degradation.svg
  --threads <n>          threads for each net, or "auto" (fully connected: 1, their layers being too small to be shared
                         out; convolutional: auto)
  --help                 this text
`;

/**
 * @typedef {object} Options
 * @property {string | undefined} data
 * @property {number} epochs
 * @property {number} seed
 * @property {number[]} depths
 * @property {number | undefined} samples
 * @property {string | undefined} images folder for the convolutional nets, which are left out without it
 * @property {number} imageEpochs
 * @property {number[]} imageDepths
 * @property {number} imageSamples
 * @property {string} out absolute path
 * @property {string | undefined} picture absolute path
 * @property {number | "auto" | undefined} threads
 */

/** A mistake on the command line. */
export class UsageError extends Error {}

/**
 * Reads the arguments; null means that help was asked for. Throws `UsageError`.
 * @param {string[]} argv
 * @returns {Options | null}
 */
export function readOptions(argv) {
  const text = /** @type {const} */ ({ type: "string" });
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      allowPositionals: false,
      options: {
        data: text,
        epochs: text,
        seed: text,
        depths: text,
        samples: text,
        images: text,
        "image-epochs": text,
        "image-depths": text,
        "image-samples": text,
        out: text,
        picture: text,
        threads: text,
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    // Node's own first sentence names the option; what follows explains how to pass such text as an argument.
    throw new UsageError(/** @type {Error} */ (error).message.split(". ")[0]);
  }
  if (values.help) return null;
  const { data, images, out = "report.html", threads } = values;
  for (const [name, folder] of Object.entries({ data, images }))
    if (folder !== undefined && !isFolder(folder)) throw new UsageError(`--${name} expected a folder, got "${folder}"`);
  const alone = /** @type {const} */ (["image-epochs", "image-depths", "image-samples"]).find((name) => values[name]);
  if (alone && images === undefined) throw new UsageError(`--${alone} expected --images <folder> with it, got none`);
  return {
    data,
    epochs: integer("epochs", values.epochs ?? "2", 1, 1000),
    seed: integer("seed", values.seed ?? "0", 0, Number.MAX_SAFE_INTEGER),
    depths: depthList("depths", values.depths ?? "2,8,20,50", 1),
    samples: values.samples === undefined ? undefined : integer("samples", values.samples, 1, 1e7),
    images,
    imageEpochs: integer("image-epochs", values["image-epochs"] ?? `${IMAGES.epochs}`, 1, 1000),
    imageDepths: imageDepthList(values["image-depths"] ?? IMAGES.depths),
    imageSamples: integer("image-samples", values["image-samples"] ?? `${IMAGES.samples}`, 1, 1e7),
    out: fileFor("out", out),
    picture: values.picture === undefined ? undefined : fileFor("picture", values.picture),
    threads: threads === undefined || threads === "auto" ? threads : integer("threads", threads, 1, 64),
  };
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} low
 */
function depthList(name, text, low) {
  const depths = text.split(",").map((part) => integer(name, part.trim(), low, 200));
  return [...new Set(depths)].sort((a, b) => a - b);
}

/** @param {string} text */
function imageDepthList(text) {
  const depths = depthList("image-depths", text, 8);
  const bad = depths.find((depth) => depth % 6 !== 2);
  if (bad !== undefined)
    throw new UsageError(`--image-depths expected 6n + 2, such as 20, 32, 44, 56 and 110, got "${bad}"`);
  return depths;
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} low
 * @param {number} high
 */
function integer(name, text, low, high) {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw new UsageError(`--${name} expected an integer from ${low} to ${high}, got "${text}"`);
}

/**
 * The absolute path of a file that can be written.
 * @param {string} name
 * @param {string} path
 */
function fileFor(name, path) {
  const file = resolve(path);
  if (!isFolder(dirname(file)))
    throw new UsageError(`--${name} expected a file in a folder that exists, got "${path}"`);
  if (isFolder(file)) throw new UsageError(`--${name} expected a file, got the folder "${path}"`);
  return file;
}

/** @param {string} path */
const isFolder = (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
