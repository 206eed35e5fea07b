/** Folders and files in Node, Deno and Bun, which the package's imports map calls `#file-system`. */
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const fileSystem = { mkdir, readdir, readFile, readFileSync, rename, rm, writeFile, fileURLToPath };
