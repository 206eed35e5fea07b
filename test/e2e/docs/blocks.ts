// The fenced blocks of the documentation: where they stand, what language they are in, and where they are to be run.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Block {
  /** `README.md:21`. */
  place: string;
  language: string;
  /** From a comment `<!-- run: browser -->` in front of the block; "node" without one. */
  runtime: string;
  code: string;
}

/** README.md and docs/*.md. */
export const pages = (): string[] => [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => join("docs", name)),
];

export function blocksOf(page: string): Block[] {
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const fence = /^( *)```(\w*)\s*$/.exec(lines[i]);
    if (!fence) continue;
    const [, indent, language] = fence;
    const before = lines
      .slice(0, i)
      .reverse()
      .find((line) => line.trim() !== "");
    const runtime = /^<!-- run: (\w+) -->$/.exec(before ?? "")?.[1] ?? "node";
    const start = i + 1;
    for (i++; lines[i] !== `${indent}\`\`\``; i++)
      if (i >= lines.length) throw new Error(`${page}:${start}: the block does not end`);
    const code = lines.slice(start, i).map((line) => line.slice(indent.length));
    blocks.push({ place: `${page}:${start}`, language, runtime, code: code.join("\n") });
  }
  return blocks;
}

export const blocks = (): Block[] => pages().flatMap(blocksOf);
