/** Results that are written line by line, that a kill leaves as they are, and that the next run goes on with. */
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { lockFolder } from "../stores/file-lock.js";
import { openFileSystem } from "../stores/file-system.js";
import { writeWhole } from "./model-file.js";

/** What results were made from. Those of other origins are not gone on with, and not put together. */
export type Origin = Readonly<Record<string, string | number | boolean | null>>;

const failure = (path: string, expected: string, got: string): Error =>
  new Error(`${path}: results expected ${expected}, got ${got}`);

const originPath = (path: string): string => `${path}.origin.json`;

/** The origin beside results; undefined where there is none. */
export async function readOrigin(path: string): Promise<Origin | undefined> {
  let text: string;
  try {
    text = await readFile(originPath(path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Origin;
  } catch {
    throw failure(originPath(path), "JSON", text.slice(0, 40));
  }
}

/** Throws where two origins differ, and says in what. `cure` begins a sentence. */
export function expectSame(path: string, ours: Origin, theirs: Origin, cure: string): void {
  const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  const differing = keys.filter((key) => ours[key] !== theirs[key]);
  if (differing.length === 0) return;
  const told = (origin: Origin) => differing.map((key) => `${key} ${origin[key] ?? "none"}`).join(", ");
  throw failure(path, told(ours), `${told(theirs)}. ${cure}`);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Lines of a file of results that is being made. */
export interface Results {
  /** Lines that stand there already. All of them, where the results are complete. */
  readonly done: number;
  /** Appends lines; they are on the disk when this resolves. */
  append(lines: readonly string[]): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the results at `path`, one line for each of `keys`, which `keyOf` finds in a line. Until `finish` they stand in
 * <path>.partial, beside <path>.origin.json. A last line that a kill tore is cut off. One process at a time may write to them.
 */
export async function openResults(
  path: string,
  origin: Origin,
  keys: readonly string[],
  keyOf: (line: string) => string | undefined,
): Promise<Results> {
  const partial = `${path}.partial`;
  const fs = await openFileSystem("predict");
  const lock = await lockFolder("predict", fs, dirname(path), `.${basename(path)}.lock`);
  try {
    const known = await readOrigin(path);
    const cure = "--restart begins anew";
    if (known) expectSame(path, origin, known, cure);
    if (await exists(path)) {
      if (!known) throw failure(path, "no file of that name, or one that predict has written", `another. ${cure}`);
      return { done: keys.length, append: async () => {}, finish: async () => {}, close: () => lock.release() };
    }
    if (!known) {
      await rm(partial, { force: true }); // whatever it holds, nobody knows of what
      await writeWhole(originPath(path), new TextEncoder().encode(`${JSON.stringify(origin, null, 2)}\n`));
    }
    const file = await open(partial, "a+");
    const done = await wholeLines(partial, keys, keyOf);
    await file.truncate(done.bytes);
    return {
      done: done.lines,
      async append(lines) {
        await lock.check();
        await file.appendFile(lines.map((line) => `${line}\n`).join(""));
        await file.datasync();
      },
      async finish() {
        await file.sync();
        await rename(partial, path);
      },
      async close() {
        await file.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** How many lines of a file are whole and in their place, and how long these are. */
async function wholeLines(
  path: string,
  keys: readonly string[],
  keyOf: (line: string) => string | undefined,
): Promise<{ lines: number; bytes: number }> {
  const bytes = await readFile(path);
  let [lines, at] = [0, 0];
  for (;;) {
    const end = bytes.indexOf(10, at);
    if (end < 0 || lines === keys.length || keyOf(bytes.toString("utf8", at, end)) !== keys[lines]) break;
    lines++;
    at = end + 1;
  }
  return { lines, bytes: at };
}

/** Removes results, their origin, and what is unfinished of them. */
export async function removeResults(path: string): Promise<void> {
  for (const each of [path, originPath(path), `${path}.partial`]) await rm(each, { force: true });
}
