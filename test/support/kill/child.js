// Runs the training in this process, to be killed: node child.js <folder>. Prints hashes of what is left of it.
import { createHash } from "node:crypto";
import * as main from "resnet-wasm";
import * as data from "resnet-wasm/data";
import * as metrics from "resnet-wasm/metrics";
import { run } from "./run.js";

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
process.stdout.write("begun\n"); // the clock of whoever kills this starts
const { checkpoint, weights, ...told } = await run({ main, data, metrics, api: main }, main.fileStore(process.argv[2]));
console.log(JSON.stringify({ checkpoint: hash(checkpoint), weights: hash(weights), ...told }));
