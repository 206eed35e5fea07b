/** `resnet-wasm merge`: results of all shards as one file. */
import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import type { Command } from "../command.js";
import { expectSame, readOrigin } from "../results.js";
import { countOf, partName } from "../shard.js";

export const merge: Command = {
  arguments: "<results>",
  count: [1, 1],
  about: `Puts the files that predict wrote in shards, results.1-of-16.jsonl to results.16-of-16.jsonl, together as results.jsonl: byte for
    byte what one machine would have written. Parts that are missing, or were made from other models or pictures, are named.`,
  options: {},
  codes: "0 when the file was written, 1 when it was not, 2 on wrong arguments.",
  async run(given) {
    const [path] = given.arguments;
    const parts = await partsOf(path);
    const origins = await Promise.all(parts.map(readOrigin));
    const [first] = origins;
    for (const [i, origin] of origins.entries()) {
      if (!origin || !first) throw new Error(`${parts[i]}: results expected with their .origin.json, got none`);
      expectSame(parts[i], first, origin, "Predict all shards from the same model and pictures");
    }
    const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    try {
      for (const part of parts) await pipeline(createReadStream(part), createWriteStream(temporary, { flags: "a" }));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    process.stderr.write(`${path}: ${parts.length} shards\n`);
    return 0;
  },
};

/** The files of all shards, in order. Throws where one is missing, or where there are those of two divisions. */
async function partsOf(path: string): Promise<string[]> {
  const names = await readdir(dirname(path));
  const counts = [...new Set(names.flatMap((name) => countOf(basename(path), name) ?? []))];
  if (counts.length !== 1) {
    const divisions = counts.sort((a, b) => a - b).join(" and of ");
    throw new Error(
      `${path}: shards expected of one division beside it, got ${divisions ? `those of ${divisions}` : "none"}`,
    );
  }
  const [count] = counts;
  const parts = Array.from({ length: count }, (_, i) => partName(path, { index: i + 1, count }));
  const missing = parts.map((part) => basename(part)).filter((part) => !names.includes(part));
  if (missing.length > 0) throw new Error(`${path}: ${count} shards expected, got all but ${missing.join(", ")}`);
  return parts;
}
