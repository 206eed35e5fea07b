/** Folders and files in Node, Deno and Bun, which the package's imports map calls `#file-system`. */
import { readFileSync, statSync } from "node:fs";
import {
  appendFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { hasEnded, thisProcess } from "./process.js";

/** Starts `data-worker`, which makes the batches of a dataset. */
function startDataWorker(address: string | URL | undefined): Worker {
  const options = { execArgv: [] };
  // A literal URL, which bundlers recognise.
  if (address === undefined) return new Worker(new URL("./data-worker.node.js", import.meta.url), options);
  return new Worker(typeof address === "string" && /^file:/.test(address) ? new URL(address) : address, options);
}

export const fileSystem = {
  appendFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  readFileSync,
  realpath,
  rename,
  rm,
  stat,
  statSync,
  truncate,
  utimes,
  writeFile,
  fileURLToPath,
  hasEnded,
  startDataWorker,
  thisProcess,
};
