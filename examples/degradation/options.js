// @ts-check
/** The command line of the degradation experiment. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";

export const HELP = `The degradation experiment of He et al. (2015), with fully connected networks: plain nets and
their residual twins, 2, 8, 20 and 50 hidden layers deep, trained alike.

  npm start                          on glyphs that the library draws
  npm start -- --data <folder>       on Fashion-MNIST or MNIST, from their four .gz idx files

  --data <folder>    read images from here instead of drawing glyphs
  --epochs <n>       passes over the training images (2)
  --seed <n>         decides initial weights and the order of the images (0)
  --depths <list>    hidden layers of the nets, separated by commas (2,8,20,50)
  --samples <n>      use only so many training images (glyphs: 20000; files: all)
  --out <file>       where the report goes (report.html)
  --threads <n>      threads for each net, or "auto" (1: layers of width 64 are too small to be shared out)
  --help             this text
`;

/**
 * @typedef {object} Options
 * @property {string | undefined} data
 * @property {number} epochs
 * @property {number} seed
 * @property {number[]} depths
 * @property {number | undefined} samples
 * @property {string} out absolute path
 * @property {number | "auto"} threads
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
        out: text,
        threads: text,
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    // Node's own first sentence names the option; what follows explains how to pass such text as an argument.
    throw new UsageError(/** @type {Error} */ (error).message.split(". ")[0]);
  }
  if (values.help) return null;
  const { data, out = "report.html", threads = "1" } = values;
  if (data !== undefined && !isFolder(data)) throw new UsageError(`--data expected a folder, got "${data}"`);
  const file = resolve(out);
  if (!isFolder(dirname(file))) throw new UsageError(`--out expected a file in a folder that exists, got "${out}"`);
  if (isFolder(file)) throw new UsageError(`--out expected a file, got the folder "${out}"`);
  return {
    data,
    epochs: integer("epochs", values.epochs ?? "2", 1, 1000),
    seed: integer("seed", values.seed ?? "0", 0, Number.MAX_SAFE_INTEGER),
    depths: depthList(values.depths ?? "2,8,20,50"),
    samples: values.samples === undefined ? undefined : integer("samples", values.samples, 1, 1e7),
    out: file,
    threads: threads === "auto" ? "auto" : integer("threads", threads, 1, 64),
  };
}

/** @param {string} text */
function depthList(text) {
  const depths = text.split(",").map((part) => integer("depths", part.trim(), 1, 200));
  return [...new Set(depths)].sort((a, b) => a - b);
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

/** @param {string} path */
const isFolder = (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
