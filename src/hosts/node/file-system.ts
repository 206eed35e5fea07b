/** Folders and files in Node, Deno and Bun, which the package's imports map calls `#file-system`. */
import { readFileSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const fileSystem = {
  mkdir,
  readdir,
  readFile,
  readFileSync,
  realpath,
  rename,
  rm,
  stat,
  statSync,
  writeFile,
  fileURLToPath,
};
