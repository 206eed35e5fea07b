// @ts-check
/** The degradation experiment: `npm start`. Trains twins of several depths, prints tables, writes a report. */
import { writeFile } from "node:fs/promises";
import { ResnetWasmError } from "resnet-wasm";
import { findings } from "./findings.js";
import { loadColourImages, loadImages } from "./images.js";
import { HELP, readOptions, UsageError } from "./options.js";
import { renderPicture } from "./picture.js";
import { renderReport } from "./report.js";
import { CONVOLUTIONAL, DENSE, runStudy } from "./study.js";
import { formatTable } from "./table.js";

/** @param {import("./options.js").Options} options */
async function run(options) {
  const started = performance.now();
  const { depths, epochs, images, imageDepths, imageEpochs, seed, threads, out, picture } = options;
  // First of all, so that a wrong folder is told at once.
  const colour = images === undefined ? null : await loadColourImages({ ...options, images });
  const grey = await loadImages(options);

  const dense = await study(DENSE, { images: grey, depths, epochs, seed, threads });
  /** @type {[import("./study.js").Study, ...import("./study.js").Study[]]} */
  const studies = [dense];
  if (colour) {
    const task = { images: colour, depths: imageDepths, epochs: imageEpochs, seed, threads };
    studies.push(await study(CONVOLUTIONAL, task));
  }
  const seconds = (performance.now() - started) / 1000;
  await writeFile(out, renderReport(studies, seconds));
  if (picture !== undefined) await writeFile(picture, renderPicture(dense));
  console.log(`${out} written after ${seconds.toFixed(0)} s`);
  console.log("The same live in a browser, with docs and your own data: npm run site:serve");
}

/**
 * Runs a study and prints what it found.
 * @param {Parameters<typeof runStudy>[0]} kind
 * @param {Parameters<typeof runStudy>[1]} task
 */
async function study(kind, task) {
  const { name, train, test } = task.images;
  const counts = `${train.length} training and ${test.length} test images`;
  console.log(`${name}: ${counts}, epochs: ${task.epochs}, seed: ${task.seed}\n`);
  const result = await runStudy(kind, task);
  console.log(`\n${formatTable(result)}\n\n${findings(result).join("\n")}\n`);
  return result;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await run(options);
  else console.log(HELP);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}. See npm start -- --help`);
    process.exitCode = 2;
  } else if (error instanceof ResnetWasmError) {
    console.error(`${error.name}: ${error.message}`);
    process.exitCode = 1;
  } else throw error;
}
