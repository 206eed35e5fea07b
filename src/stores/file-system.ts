/** Folders and files, where the runtime has them. */
import { ArgumentError, describe, expectation, RuntimeSupportError } from "../core/errors.js";
import { tagOf } from "../core/tag.js";
import { messageOf } from "../core/thrown.js";

/** @internal */
export async function openFileSystem(
  where: string,
  hint = "Folders and caches need Node, Deno or Bun; an http(s) URL without cache does not",
): Promise<NonNullable<FileSystem>> {
  // A page without a bundler may have no import map.
  const { fileSystem } = await (import("resnet-wasm/file-system") as Promise<{ fileSystem: FileSystem }>).catch(() => ({
    fileSystem: null,
  }));
  if (fileSystem) return fileSystem;
  throw new RuntimeSupportError(expectation(where, "file system", "one", "none", { hint }));
}

/** @internal */
export type FileSystem = typeof import("resnet-wasm/file-system").fileSystem | null;

/** The path of a folder given as a path or a file: URL. */
export async function folderPath(where: string, folder: string | URL): Promise<string> {
  if (typeof folder !== "string" && tagOf(folder) !== "URL") {
    throw new ArgumentError(expectation(where, "folder", "a path or a file: URL", describe(folder)));
  }
  const { fileURLToPath } = await openFileSystem(where);
  const path = String(folder);
  if (!/^file:/i.test(path)) return path;
  try {
    return fileURLToPath(path);
  } catch (error) {
    // A host, or an encoded slash.
    const message = expectation(where, "folder", "a file: URL of this machine", messageOf(error));
    throw new ArgumentError(message, { cause: error });
  }
}
