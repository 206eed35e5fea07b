/** Where things lie in the repository. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// scripts/run.js makes this the address of the script that it runs, in this folder.
const root = fileURLToPath(new URL("..", import.meta.url));

export const fromRoot = (...path: string[]): string => join(root, ...path);
