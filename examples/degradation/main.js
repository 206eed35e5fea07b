// @ts-check
/** The degradation experiment: `npm start`. Trains twins of several depths, prints a table, writes a report. */
import { writeFile } from "node:fs/promises";
import { ResnetWasmError } from "resnet-wasm";
import { trainNet } from "./experiment.js";
import { findings } from "./findings.js";
import { loadImages } from "./images.js";
import { plainNet, residualNet } from "./nets.js";
import { HELP, readOptions, UsageError } from "./options.js";
import { renderReport } from "./report.js";
import { formatTable } from "./table.js";

/** @param {import("./options.js").Options} options */
async function run(options) {
  const started = performance.now();
  const { depths, epochs, seed, threads, out } = options;
  const images = await loadImages(options);
  const { name, train, test } = images;
  console.log(`${name}: ${train.length} training and ${test.length} test images, epochs: ${epochs}, seed: ${seed}\n`);

  const pixels = train.inputShape.reduce((a, b) => a * b, 1);
  const twins = [];
  for (const depth of depths) {
    const task = { depth, train, test, epochs, seed, threads };
    const label = (/** @type {string} */ kind) => `${kind.padEnd(8)} ${`${depth}`.padStart(3)}`;
    const networks = {
      plain: plainNet(depth, pixels, train.classes),
      residual: residualNet(depth, pixels, train.classes),
    };
    const plain = await trainNet({ ...task, kind: "plain", network: networks.plain, label: label("plain") });
    const residual = await trainNet({
      ...task,
      kind: "residual",
      network: networks.residual,
      label: label("residual"),
    });
    twins.push({ depth, plain, residual });
  }

  const sentences = findings(twins, train.classes);
  const seconds = (performance.now() - started) / 1000;
  await writeFile(out, renderReport({ twins, sentences, images, epochs, seed, seconds }));
  console.log(`\n${formatTable(twins)}\n\n${sentences.join("\n")}\n\n${out} written after ${seconds.toFixed(0)} s`);
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
