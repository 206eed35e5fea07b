/** Files that are read and written whole. */
import { DataError, expectation, QuotaError, ResnetWasmError } from "../core/errors.js";
import { codeOf, messageOf } from "../core/thrown.js";
import type { FileSystem } from "./file-system.js";
import { checkRegular, NotRegular } from "./regular.js";

type Files = NonNullable<FileSystem>;

/** Bytes that are read at a time: Node reads no file above 2 GiB at once. */
const CHUNK = 2 ** 30;

/** The bytes of a regular file; undefined where there is none. */
export async function readWhole(where: string, fs: Files, path: string): Promise<Uint8Array | undefined> {
  const status = await fs.stat(path).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!status) return undefined;
  checkRegular(status);
  const file = await fs.open(path, "r");
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(CHUNK, bytes.length - at), at);
      if (bytesRead === 0) throw new DataError(expectation(where, path, `${bytes.length} bytes`, at));
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Whole or absent: named when its bytes are on the disk, the name on the disk when this resolves. */
export async function writeWhole(fs: Files, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${folder}/.${name}.${crypto.randomUUID()}.part`;
  try {
    const file = await fs.open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, `${folder}/${name}`);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(fs, folder);
}

/** Keeps the names in a folder for good. */
export async function syncFolder(fs: Files, folder: string): Promise<void> {
  // Windows opens no folders, and keeps names without being told; some file systems sync none.
  const other = (error: NodeJS.ErrnoException): undefined => {
    if (!["EACCES", "EBADF", "EINVAL", "EISDIR", "ENOTSUP", "EPERM"].includes(error.code ?? "")) throw error;
  };
  const opened = await fs.open(folder, "r").catch(other);
  if (!opened) return;
  await opened
    .sync()
    .catch(other)
    .finally(() => opened.close());
}

/** Throws what the file system says as an error of this library: a `QuotaError` where the disk is full. */
export function refuseFile(
  where: string,
  path: string,
  cause: unknown,
  Refusal: new (message: string, options: ErrorOptions) => ResnetWasmError,
): never {
  if (cause instanceof ResnetWasmError) throw cause;
  const got = cause instanceof NotRegular ? cause.message : messageOf(cause);
  const code = codeOf(cause);
  if (code === "ENOSPC" || code === "EDQUOT")
    throw new QuotaError(expectation(where, path, "room for it", got), { cause });
  throw new Refusal(expectation(where, path, "a file or folder to use", got), { cause });
}
