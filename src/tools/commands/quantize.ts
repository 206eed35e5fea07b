/** `resnet-wasm quantize`: a network of pictures in eight bits. */
import { resolve } from "node:path";
import process from "node:process";
import { messageOf } from "../../core/thrown.js";
import { toImage } from "../../faces/data.js";
import type { QuantizationReport, Ranges } from "../../faces/quantize.js";
import type { Model, TensorLike } from "../../hosts/default/index.js";
import { quantize as quantizeModel } from "../../hosts/default/quantize.js";
import { type Command, columns } from "../command.js";
import { formatBytes, openFile, openModel, writeWhole } from "../model-file.js";
import { listPaths, prepared, transformOf } from "../pictures.js";
import { preparationOptions, readPreparation } from "../preparation.js";
import { readRegular, unreadable } from "../read-file.js";

const RANGES: readonly Ranges[] = ["minmax", "percentile", "mse"];

export const quantize: Command = {
  arguments: "<model> <folder or list>",
  count: [2, 2],
  about: `Makes of a saved model or an ONNX file a network in eight bits, a quarter of the size and about twice as fast. It looks at what
    goes through the network for some pictures (JPEG, PNG) below a folder or of a list, one a line, like those that it will see. What
    is written is opened by classify, predict, compile and convert, and by loadModel of resnet-wasm/quantize.`,
  options: {
    output: { value: "<file>", short: "o", about: "what to write; default: the model's name with .int8.safetensors" },
    samples: { value: "<n>", about: "pictures that are looked at, spread over all, default 256" },
    ranges: { value: "<how>", about: "how ranges of activations are chosen: mse (default), minmax, percentile" },
    first: { about: "the first product in eight bits, too" },
    "float-last": { about: "the last product in float32" },
    keep: { value: "<names>", about: "products to leave in float32, by the names of their weights, apart by commas" },
    tune: { about: "time each product on this machine, in place of a table of costs" },
    json: { about: "print the report as JSON" },
    ...preparationOptions,
  },
  codes: "0 when the file was written, 1 when it was not, 2 on wrong arguments.",
  async run(given) {
    const [from, source] = given.arguments;
    const to = given.text("output") ?? `${from.replace(/\.(safetensors|onnx)$/, "")}.int8.safetensors`;
    const ranges = given.oneOf("ranges", RANGES);
    const [most, keep] = [given.count("samples", 256), given.list("keep")];
    const { root, paths } = await listPaths("quantize", source);
    const { classNames, transform } = await readPreparation(given);
    const model = await openModel(await openFile(from), classNames && { classNames });
    if (transform) model.transform = transform(model.inputShape);
    const samples = await readPictures(model, root, spread(paths, most));
    const small = await quantizeModel(model, samples, {
      ...{ samples: most, keep, first: given.flag("first"), last: !given.flag("float-last"), tune: given.flag("tune") },
      ...(ranges && { ranges }),
    });
    const bytes = await small.save();
    for (const each of [model, small]) each.dispose();
    await writeWhole(to, bytes);
    const { report } = small;
    if (report) process.stdout.write(given.flag("json") ? `${JSON.stringify(report, null, 2)}\n` : format(report));
    process.stderr.write(`${to}: ${formatBytes(bytes.length)}\n`);
    return 0;
  },
};

/** At most so many, evenly. */
const spread = (paths: readonly string[], most: number): string[] =>
  Array.from(
    { length: Math.min(most, paths.length) },
    (_, i) => paths[Math.floor((i * paths.length) / Math.min(most, paths.length))],
  );

/** The pictures as the network takes them. */
async function readPictures(model: Model, root: string, paths: readonly string[]): Promise<TensorLike> {
  const { inputShape } = model;
  const transform = transformOf("quantize", model);
  const size = inputShape.reduce((a, b) => a * b, 1);
  const data = new Float32Array(paths.length * size);
  for (const [i, path] of paths.entries()) {
    const bytes = await readRegular(resolve(root, path)).catch((cause) => {
      throw new Error(`${path}: file expected one that can be read, got ${unreadable(cause)}`, { cause });
    });
    try {
      data.set(prepared(await toImage(bytes), transform, inputShape), i * size);
    } catch (cause) {
      throw new Error(`${path}: ${messageOf(cause)}`, { cause });
    }
  }
  return { data, shape: [paths.length, ...inputShape] };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function format({ samples, agreement, error, bytes, layers }: QuantizationReport): string {
  const whole = layers.filter(({ precision }) => precision === "int8").length;
  const rows: [string, string][] = [
    ["pictures", String(samples)],
    ["agreement", `${percent(agreement)} have the same first class as in float32`],
    ["error", `${percent(error)} of the outputs, root of the mean square`],
    ["weights", `${formatBytes(bytes.before)} before, ${formatBytes(bytes.after)} after`],
    ["products", `${whole} of ${layers.length} in eight bits`],
    ...layers.map(({ name, precision, why }): [string, string] => [`  ${name}`, `${precision}: ${why}`]),
  ];
  return `${columns(rows)}\n`;
}
