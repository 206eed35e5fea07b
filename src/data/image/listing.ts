/** Which files of a folder are pictures: alike in Node, Deno and Bun, whatever else lies there. */
import { DataError, expectation } from "../../core/errors.js";
import type { FileSystem } from "../../stores/file-system.js";
import { PICTURE_ENDINGS } from "./formats.js";

/** Folders that systems and archivers leave, beside those whose names begin with a dot. */
const LEFT_BY_SYSTEMS = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

const isIgnored = (name: string): boolean => name.startsWith(".") || LEFT_BY_SYSTEMS.includes(name);

/**
 * Paths <class>/<any path>.<ending of a picture> below `root`, in order, with `atRoot` also those that have no class. Links are
 * followed; a folder is listed once a class, so that circles of links end. What is named like a picture and is no folder is listed, readable or not: nothing vanishes.
 */
export async function listPictures(
  where: string,
  fs: NonNullable<FileSystem>,
  root: string,
  atRoot = false,
): Promise<string[]> {
  const paths: string[] = [];
  const walk = async (folder: string, seen: Set<string>): Promise<void> => {
    const full = folder ? `${root}/${folder}` : root;
    const real = await fs.realpath(full).catch(refuse(folder));
    if (seen.has(real)) return;
    seen.add(real);
    const entries = await fs.readdir(full, { withFileTypes: true }).catch(refuse(folder));
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (isIgnored(entry.name)) continue;
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      // Links, and file systems that tell no kinds. A link to nothing has no status.
      const plain = entry.isFile() || entry.isDirectory();
      const status = plain ? entry : await fs.stat(`${root}/${path}`).catch(() => undefined);
      if (status?.isDirectory()) await walk(path, folder ? seen : new Set(seen));
      else if ((folder || atRoot) && PICTURE_ENDINGS.test(entry.name)) paths.push(path);
    }
  };
  const refuse = (folder: string) => (error: Error) => {
    const path = folder || undefined;
    throw new DataError(expectation(where, "folder", "a readable folder", error.message, { path }), { cause: error });
  };
  await walk("", new Set());
  return paths.sort();
}
