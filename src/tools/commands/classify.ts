/** `resnet-wasm classify`: pictures by a model. */

import process from "node:process";
import ProgressBar from "progress";
import { messageOf } from "../../core/thrown.js";
import type { Classification } from "../../hosts/default/index.js";
import type { Predictor } from "../../model/predictor.js";
import type { Command } from "../command.js";
import { openFile, openPredictor } from "../model-file.js";
import { preparationOptions, readPreparation } from "../preparation.js";
import { readRegular, unreadable } from "../read-file.js";

export const classify: Command = {
  arguments: "<model> <images…>",
  count: [2, Number.POSITIVE_INFINITY],
  about: `Tells the most probable classes of pictures (JPEG, PNG) by a saved model or an ONNX network. A saved model knows how pictures
    are prepared for it and what its classes are called, where it was told; other networks are told here.`,
  options: {
    top: { value: "<n>", about: "classes of each picture, default 5" },
    json: { about: "print a list of { image, classes: [{ index, name, probability }] }, or { image, error }" },
    ...preparationOptions,
  },
  codes: "0 when all pictures were classified, 1 when one or all were not, 2 on wrong arguments.",
  async run(given) {
    const [path, ...images] = given.arguments;
    const top = given.count("top", 5);
    const { classNames, transform } = await readPreparation(given);
    const model = await openPredictor(await openFile(path), classNames && { classNames });
    if (transform) model.transform = transform(model.inputShape);
    // Pictures are told as they come; the bar stands on the other stream, and only where somebody looks at it.
    const isWatched = process.stderr.isTTY && images.length > 1;
    const bar = isWatched
      ? new ProgressBar(":bar :current of :total  :eta s left", { total: images.length, width: 24 })
      : undefined;
    const results: { image: string; classes?: Classification[]; error?: string }[] = [];
    for (const image of images) {
      const result = await classesOf(model, image, top);
      results.push(result);
      if (!given.flag("json")) {
        if ("error" in result) say(bar, process.stderr, `resnet-wasm: classify: ${image}: ${result.error}\n`);
        else say(bar, process.stdout, format(image, result.classes));
      }
      bar?.tick();
    }
    model.dispose();
    if (given.flag("json")) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    return results.some(({ error }) => error !== undefined) ? 1 : 0;
  },
};

async function classesOf(model: Predictor, image: string, topK: number) {
  let bytes: Uint8Array;
  try {
    bytes = await readRegular(image);
  } catch (error) {
    return { image, error: `file expected one that can be read, got ${unreadable(error)}` };
  }
  try {
    return { image, classes: await model.classify(bytes, { topK }) };
  } catch (error) {
    const cure = model.transform ? "" : ". --transform says how pictures are prepared";
    return { image, error: messageOf(error) + cure };
  }
}

/** Above the bar, where there is one. */
function say(bar: ProgressBar | undefined, stream: NodeJS.WriteStream, text: string): void {
  if (bar) bar.interrupt(text.trimEnd());
  else stream.write(text);
}

function format(image: string, classes: readonly Classification[]): string {
  const rows = classes.map(({ index, name, probability }) => {
    return `  ${(100 * probability).toFixed(1).padStart(5)} %  ${name ?? `class ${index}`}\n`;
  });
  return `${image}\n${rows.join("")}`;
}
