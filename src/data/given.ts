/** Where saved files come from and go to. What is not in memory is read and written by a file that is loaded on demand. */
import { hasMethod } from "../core/keys.js";
import { demanded } from "../core/on-demand.js";
import { isTagged, tagOf } from "../core/tag.js";
import type { FileSource, FileTarget } from "./places.js";

/** Bytes that are here already. */
export const areBytes = (given: unknown): given is Uint8Array | ArrayBuffer =>
  isTagged(given, "Uint8Array") || isTagged(given, "ArrayBuffer");

/** Its bytes; what is no source comes back as it is, for who reads it to refuse. `name` is that of a file in a store. */
export async function readGiven(where: string, given: FileSource, name: string): Promise<Uint8Array | ArrayBuffer> {
  if (areBytes(given)) return given;
  const { readSaved } = await demanded(where, import("./saved.js"));
  return readSaved(where, given, name);
}

/** The arguments of `save(options)` and `save(target, options)`. */
export const saveArguments = <O>(first: unknown, second: O | undefined): [FileTarget | undefined, O | undefined] =>
  typeof first === "string" || tagOf(first) === "URL" || hasMethod(first, "write")
    ? [first as FileTarget, second]
    : [undefined, first as O | undefined];

/** Keeps a file for good, where a target is given. */
export async function writeGiven(
  where: string,
  target: FileTarget | undefined,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  if (target === undefined) return;
  const { writeSaved } = await demanded(where, import("./saved.js"));
  await writeSaved(where, target, name, bytes);
}
