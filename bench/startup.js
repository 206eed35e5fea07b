/**
 * From import to first prediction, in a process of its own: `startup.js <folder> <options as JSON>` prints the time in ms,
 * the prediction and the memory. What is not the library's work stands outside of the time.
 */
import { peak } from "./memory.js";

const [folder, options] = process.argv.slice(2);
const x = Float32Array.from({ length: 3072 }, (_, i) => ((i * 7) % 256) / 128 - 1);
const [wall, used] = [performance.now(), process.cpuUsage()];
const { first } = await import(`./${folder}/startup.js`);
const prediction = await first(x, JSON.parse(options));
const ms = performance.now() - wall;
const { user, system } = process.cpuUsage(used);
console.log(
  JSON.stringify({ ms, processorMs: (user + system) / 1000, first: Array.from(prediction), peakMiB: peak() }),
);
process.exit();
