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
import { hasEnded, thisProcess } from "./process.js";

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
  thisProcess,
};
