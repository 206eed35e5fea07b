/** The recipes of docs/frameworks.md: the code that readers copy is the code that runs. */
import { readFileSync } from "node:fs";
import { fromRoot } from "../../scripts/root.js";

const text = readFileSync(fromRoot("docs/frameworks.md"), "utf8");

/** A block that names its file in its first line. */
export function guide(name: string): string {
  const blocks = [...text.matchAll(/^```\w+\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)];
  const found = blocks.find(([, , file]) => file === name);
  if (!found) throw new Error(`docs/frameworks.md expected a block that begins with // ${name}`);
  return found[1];
}

/** The manifest of the extension. */
export function manifest(): string {
  const [, found] = /^```json\n([\s\S]*?)^```$/m.exec(text) ?? [];
  if (!found) throw new Error("docs/frameworks.md expected a block of JSON: the manifest");
  return found;
}

/** What recipes are asked for. */
export const ASKED = { epochs: 3, batchSize: 64 };
