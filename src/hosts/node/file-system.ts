/** Folders and files in Node, Deno and Bun, `resnet-wasm/file-system` for the package itself. */
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
import { hasEnded, thisProcess } from "./process.js";
import { startDataWorker } from "./start-data-worker.js";

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
