/** `resnet-wasm train`: a model of a csv file, or of a folder of pictures. */

import { stat } from "node:fs/promises";
import process from "node:process";
import { messageOf } from "../../core/thrown.js";
import {
  horizontalFlip,
  IMAGENET_TRANSFORM,
  type ImageTransform,
  loadImageFolder,
  randomResizedCrop,
} from "../../faces/data.js";
import { createModel, type Model } from "../../hosts/default/index.js";
import { fineTune, trainTable } from "../../hosts/default/recipes.js";
import { type Command, type Given, UsageError } from "../command.js";
import { formatBytes, openFile, openModel, readWeights, writeWhole } from "../model-file.js";
import { networkOf } from "../networks.js";
import { preparationOptions, readPreparation } from "../preparation.js";
import { readText } from "../read-file.js";

/** Options of tables alone, and of pictures alone. */
const OF_TABLES = ["target", "targets", "ignore", "keep", "categorical", "no-header", "folds"];
const OF_PICTURES = ["model", "network", "transform", "no-stage", "no-flip"];

export const train: Command = {
  arguments: "<table.csv or folder>",
  count: [1, 1],
  about: `Trains a model and judges it by rows or pictures that it has not seen. Of a csv file, by its columns: --target says which one is to
    be predicted. Of a folder of pictures, photos/<class>/<name>.jpg, by a network that others have trained: --model is a saved model,
    an ONNX file, or weights of a network that is named. Writes the model and a page with what was chosen and found.`,
  options: {
    target: {
      value: "<column>",
      about: "of a table: what is to be predicted, by name or place (0 the first, -1 the last)",
    },
    targets: { value: "<kind>", about: "class or number: what the target is; default: as it looks" },
    ignore: { value: "<names>", about: "columns to leave out, apart by commas" },
    keep: { value: "<names>", about: "columns to use although they look as if they should not be" },
    categorical: { value: "<names>", about: "columns of numbers that are names" },
    "no-header": { about: "the first row of the table holds values" },
    folds: { value: "<n>", about: "parts of the rows that take turns at being held out, default 5" },
    model: { value: "<file>", about: "of pictures: the network that is fine-tuned" },
    network: {
      value: "<name>",
      about: "what weights alone are of, such as resnet18; default: what the file is called",
    },
    transform: preparationOptions["transform"],
    "no-stage": { about: "train the head alone" },
    "no-flip": { about: "left and right are not the same: do not flip pictures" },
    epochs: { value: "<n>", about: "at most, of each network or of the last stage" },
    seed: { value: "<n>", about: "another one, another split and other weights; default 1" },
    out: { value: "<file>", about: "the saved model, default model.safetensors" },
    report: { value: "<file>", about: "the page, default report.html" },
    json: { about: "print the evaluation as JSON" },
  },
  codes: "0 when the model was written, 1 when it was not, 2 on wrong arguments.",
  async run(given) {
    const [path] = given.arguments;
    const isFolder = (
      await stat(path).catch((cause) => {
        throw new Error(
          `${path}: expected a csv file or a folder, got ${cause.code === "ENOENT" ? "none of this name" : cause.code}`,
          { cause },
        );
      })
    ).isDirectory();
    for (const option of isFolder ? OF_TABLES : OF_PICTURES)
      if (given.flag(option))
        throw new UsageError(
          `train: --${option} expected with ${isFolder ? "a csv file, got a folder" : "a folder, got a file"}`,
        );
    const out = given.text("out") ?? "model.safetensors";
    if (!out.endsWith(".safetensors"))
      throw new UsageError(`train: --out expected a name that ends in .safetensors, got ${out}`);
    const print = (line: string) => void process.stderr.write(`${line}\n`);
    const { model, evaluation, report } = await (isFolder
      ? ofPictures(path, given, print)
      : ofTable(path, given, print));
    await writeWhole(out, await model.save());
    const page = given.text("report") ?? "report.html";
    await writeWhole(page, new TextEncoder().encode(report.html));
    print(`${out}: ${formatBytes((await stat(out)).size)}; ${page}`);
    model.dispose();
    const text = given.flag("json")
      ? JSON.stringify(evaluation, null, 2)
      : report.text
          .split("\n")
          .slice(isFolder ? -1 : 0)
          .join("\n");
    process.stdout.write(`${text}\n`);
    return 0;
  },
};

type Print = (line: string) => void;

/** The first seed is 1: a count. */
const seedOf = (given: Given) => given.count("seed", 1) - 1;

async function ofTable(path: string, given: Given, print: Print) {
  const target = given.text("target");
  if (target === undefined) throw new UsageError("train: --target expected the column to be predicted, got none");
  const names = (option: string) => given.list(option).map(place);
  const targets = given.oneOf("targets", ["class", "number"]);
  return trainTable(await readText(path), {
    ...{ target: place(target), fileName: path, print, seed: seedOf(given) },
    ...{ ignore: names("ignore"), categorical: names("categorical"), keep: given.list("keep") },
    ...{ folds: given.count("folds", 5), epochs: given.count("epochs", 200) },
    ...(targets && { targets }),
    ...(given.flag("no-header") && { header: false }),
  });
}

/** A column's place, or its name. */
const place = (text: string): string | number => (/^-?\d+$/.test(text) ? Number(text) : text);

async function ofPictures(folder: string, given: Given, print: Print) {
  const file = given.text("model");
  if (file === undefined) throw new UsageError("train: --model expected the network to be fine-tuned, got none");
  const { transform } = await readPreparation(given);
  const pretrained = await openPretrained(file, given.text("network"));
  const told = transform?.(pretrained.inputShape) ?? pretrained.transform ?? imagenet(pretrained);
  const photos = await loadImageFolder(folder, { transform: told as ImageTransform, skipUnreadable: true }).catch(
    (error) => {
      throw new Error(`${folder}: ${messageOf(error)}`, { cause: error });
    },
  );
  for (const { path, reason } of photos.skipped) print(`left out: ${path}: ${reason}`);
  print(`${folder}: ${photos.length} pictures`);
  const flip = given.flag("no-flip") ? [] : [horizontalFlip()];
  const tuned = await fineTune(pretrained, photos, {
    ...{ print, seed: seedOf(given), stageEpochs: given.count("epochs", 20) },
    augmentations: [randomResizedCrop({ scale: [0.5, 1] }), ...flip],
    ...(given.flag("no-stage") && { stage: false as const }),
  });
  pretrained.dispose();
  return tuned;
}

const imagenet = ({ inputShape: [height, width] }: Model): ImageTransform => ({
  ...IMAGENET_TRANSFORM,
  resize: Math.round((Math.max(height, width) * 256) / 224),
  crop: [height, width],
});

/** A saved model, a network of an ONNX file, or weights of a network that is named. */
async function openPretrained(path: string, named: string | undefined): Promise<Model> {
  const file = await openFile(path);
  const weights = file.format === "ONNX" ? undefined : readWeights(file);
  if (weights?.kind !== "weights") {
    if (named !== undefined)
      throw new UsageError("train: --network expected with weights alone, got a file that knows its network");
    return openModel(file, file.format === "ONNX" ? { logits: true } : {});
  }
  const model = await createModel(networkOf(named ?? file.name, weights.tensors), { inputShape: [224, 224, 3] });
  model.loadStateDict(weights.tensors);
  return model;
}
