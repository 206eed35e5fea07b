/** Files that the commands read: those that have an end. */
import { readFile, stat } from "node:fs/promises";
import { codeOf, messageOf } from "../core/thrown.js";
import { checkRegular } from "../stores/regular.js";

/** The bytes of a file. Throws on what is none: a FIFO gives bytes when somebody else wants to, a device without end. */
export async function readRegular(path: string): Promise<Buffer> {
  checkRegular(await stat(path));
  return readFile(path);
}

/** The text of a file. */
export async function readText(path: string): Promise<string> {
  try {
    return String(await readRegular(path));
  } catch (cause) {
    throw new Error(`${path}: file expected one that can be read, got ${unreadable(cause)}`, { cause });
  }
}

/** What a file that cannot be read is, in words that name no place on this machine. */
export function unreadable(cause: unknown): string {
  const code = codeOf(cause);
  return code === "ENOENT" ? "none of this name" : code === undefined ? messageOf(cause) : String(code);
}
