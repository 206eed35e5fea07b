/**
 * Digests in the metadata of a safetensors file, which other readers ignore: eight hex digits of CRC-32 for the header's
 * content (metadata; names, types and shapes), then eight for each tensor's bytes, tensors by name. So they hold for
 * the content whatever the order and padding of the file, and a stream can check each tensor before it hands it out.
 */
import { ability } from "../core/ability.js";
import { crc32 } from "../core/crc32.js";
import { describe } from "../core/errors.js";
import { type Entry, formatError, type Header, type Origin } from "./safetensors-header.js";

export const DIGEST_KEY = "resnet-wasm-digest";

type Content = Pick<Entry, "name" | "dtype"> & { shape: readonly number[] };

const byName = <T extends Pick<Entry, "name">>(entries: readonly T[]): T[] =>
  [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));

const hex = (sum: number): string => sum.toString(16).padStart(8, "0");

function headerDigest(metadata: Readonly<Record<string, string>>, sorted: readonly Content[]): string {
  const entries = Object.entries(metadata).filter(([key]) => key !== DIGEST_KEY);
  const content = [
    entries.sort(([a], [b]) => (a < b ? -1 : 1)),
    sorted.map((each) => [each.name, each.dtype, each.shape]),
  ];
  return hex(crc32(new (ability("digest", "TextEncoder"))().encode(JSON.stringify(content))));
}

/** The entry of a file; `sum` gives the checksum of a tensor's bytes. */
export function digestOf<T extends Content>(
  metadata: Readonly<Record<string, string>>,
  entries: readonly T[],
  sum: (entry: T) => number,
): string {
  const sorted = byName(entries);
  return headerDigest(metadata, sorted) + sorted.map((entry) => hex(sum(entry))).join("");
}

/** Checks a tensor's checksum. */
export type CheckSum = (name: string, sum: number) => void;

/** Takes the digest out of a header and compares the header's part. Undefined where there is none to check. */
export function takeDigest({ metadata, entries }: Header, verify: boolean, origin: Origin): CheckSum | undefined {
  const digest = metadata[DIGEST_KEY];
  delete metadata[DIGEST_KEY];
  if (digest === undefined || !verify) return undefined;
  const sorted = byName(entries);
  if (digest.slice(0, 8) !== headerDigest(metadata, sorted)) throw changed("header", origin);
  const sums = new Map(sorted.map(({ name }, i) => [name, digest.slice(8 * i + 8, 8 * i + 16)]));
  return (name, sum) => {
    if (sums.get(name) !== hex(sum)) throw changed(`tensor ${describe(name)}`, origin);
  };
}

function changed(what: string, origin: Origin) {
  const hint =
    "The file is damaged, or another program changed it and kept its metadata; { verify: false } takes it as it is";
  return formatError(origin, what, `the content that "${DIGEST_KEY}" was made of`, "another", hint);
}
