/** Folders and files. Outside of Node, Deno and Bun the package's imports map puts `file-system.ts` in its place. */
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export const fileSystem = { mkdir, readdir, readFile, readFileSync, rename, rm, writeFile, fileURLToPath };
