/** Files in a folder, in Node, Deno and Bun. */
import { StoreError } from "../core/errors.js";
import { type FileLock, lockFolder } from "./file-lock.js";
import { type FileSystem, folderPath, openFileSystem } from "./file-system.js";
import { expectBytes, expectName, isName, type Release, Sharing, type Store } from "./store.js";
import { readWhole, refuseFile, syncFolder, writeWhole } from "./whole.js";

type Files = NonNullable<FileSystem>;

const where = "fileStore";

const refuse = (path: string, error: unknown): never => refuseFile(where, path, error, StoreError);

const HINT = "Folders need Node, Deno or Bun; opfsStore() and idbStore() keep files in browsers";

/** Names of files that are being written. */
const PART = /^\..+\.[\da-f-]{36}\.part$/;

/** `fileStore` of the main entry. */
export function openFileStore(folder: string | URL): Required<Store> {
  let opened: Promise<{ fs: Files; root: string }> | undefined;
  const open = () => {
    opened ??= Promise.all([openFileSystem(where, HINT), folderPath(where, folder)]).then(([fs, root]) => ({
      fs,
      root,
    }));
    return opened;
  };
  let lock: FileLock | undefined;
  const sharing = new Sharing(where, async (): Promise<Release> => {
    const { fs, root } = await open();
    await fs.mkdir(root, { recursive: true }).catch((error) => refuse(root, error));
    lock = await lockFolder(where, fs, root).catch((error) => refuse(root, error));
    const { release } = lock;
    try {
      await sweep(fs, root);
    } catch (error) {
      await release();
      refuse(root, error);
    }
    return release;
  });
  const change = <T>(name: string, work: (fs: Files, root: string) => Promise<T>): Promise<T> =>
    sharing.during(async () => {
      const { fs, root } = await open();
      await lock?.check();
      return work(fs, root).catch((error) => refuse(`${root}/${name}`, error));
    });
  return {
    async read(name) {
      expectName(where, name);
      const { fs, root } = await open();
      return readWhole(where, fs, `${root}/${name}`).catch((error) => refuse(`${root}/${name}`, error));
    },
    async write(name, bytes) {
      expectName(where, name);
      expectBytes(where, bytes);
      await change(name, (fs, root) => writeWhole(fs, root, name, bytes));
    },
    async list() {
      const { fs, root } = await open();
      const entries = await fs.readdir(root, { withFileTypes: true }).catch((error) => {
        if (error.code === "ENOENT") return [];
        return refuse(root, error);
      });
      return entries.filter((entry) => entry.isFile() && isName(entry.name)).map(({ name }) => name);
    },
    async delete(name) {
      expectName(where, name);
      await change(name, async (fs, root) => {
        await fs.rm(`${root}/${name}`, { force: true });
        await syncFolder(fs, root);
      });
    },
    lock: () => sharing.lock(),
  };
}

/** Takes away what processes that were killed have begun: nobody else writes here now. */
async function sweep(fs: Files, folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) if (PART.test(name)) await fs.rm(`${folder}/${name}`, { force: true });
}
