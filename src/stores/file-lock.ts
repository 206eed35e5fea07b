/**
 * The lock of a folder: a file that names who has it. One that was left by a process that has ended is taken over at once;
 * where that cannot be told, as between machines that share a folder, when its holder was not heard of for a minute.
 */
import { expectation, StoreError } from "../core/errors.js";
import { isRecord } from "../core/options.js";
import { codeOf } from "../core/thrown.js";
import type { FileSystem } from "./file-system.js";
import { inUse, pause, TRIES } from "./store.js";

type Files = NonNullable<FileSystem>;

/** Who has a lock. */
interface Holder {
  pid: number;
  host: string;
  start: string;
  token: string;
}

/** A lock that is held. */
export interface FileLock {
  /** Throws `StoreError` where somebody has taken it over. */
  check(): Promise<void>;
  release(): Promise<void>;
}

const LOCK = ".lock";
/** A holder shows itself this often, and is given up when it was not heard of for so long (ms). */
const BEAT = 5000;
const SILENCE = 60_000;

/** Takes the lock of a folder that exists, or one of several. Throws `StoreError` while another has it. */
export async function lockFolder(where: string, fs: Files, folder: string, name = LOCK): Promise<FileLock> {
  const path = `${folder}/${name}`;
  const own: Holder = { ...fs.thisProcess(), token: crypto.randomUUID() };
  const draft = `${path}.${own.token}`;
  await fs.writeFile(draft, JSON.stringify(own));
  try {
    for (let tries = 0; ; tries++) {
      if (await create(fs, draft, path, own)) break;
      const holder = await readHolder(fs, path);
      if (!holder) continue; // given back meanwhile
      const ended = fs.hasEnded(holder) ?? (await silence(fs, draft, path)) > SILENCE;
      if (ended && (await takeOver(fs, path, draft, holder))) break;
      if (!ended && tries >= TRIES) throw refusal(where, holder, path);
      await pause();
    }
  } finally {
    await fs.rm(draft, { force: true });
  }
  const beat = setInterval(() => fs.utimes(path, new Date(), new Date()).catch(() => {}), BEAT);
  if (typeof beat === "object") beat.unref?.();
  const isOwn = async () => (await readHolder(fs, path))?.token === own.token;
  return {
    async check() {
      if (await isOwn()) return;
      const hint =
        "One process at a time may write to a store; a lock is taken over that was not heard of for a minute";
      throw new StoreError(expectation(where, "lock", "held by this process", "taken over or deleted", { hint }));
    },
    async release() {
      clearInterval(beat);
      if (await isOwn()) await fs.rm(path, { force: true });
    },
  };
}

/** Whether the lock is ours now: a link appears whole, and only where there is none. */
async function create(fs: Files, draft: string, path: string, own: Holder): Promise<boolean> {
  try {
    await fs.link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
  }
  // No hard links here.
  try {
    await fs.writeFile(path, JSON.stringify(own), { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function readHolder(fs: Files, path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await fs.readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    // Half of it, or nothing: a holder of whom only the silence is known.
  }
  const { pid, host = "", start = "", token = text } = isRecord(read) ? read : {};
  return { pid: Number(pid), host: String(host), start: String(start), token: String(token) };
}

/** How long a holder has shown no sign of life (ms). */
async function silence(fs: Files, draft: string, path: string): Promise<number> {
  await fs.utimes(draft, new Date(), new Date());
  const [now, then] = await Promise.all([draft, path].map((file) => fs.stat(file).catch(() => null)));
  return now && then ? now.mtimeMs - then.mtimeMs : 0;
}

/**
 * Replaces the lock of a holder that has ended. Of several that would, one gets the file named after that very lock; it
 * looks whether the lock is still that one, so that nobody replaces the lock of who was first.
 */
async function takeOver(fs: Files, path: string, draft: string, ended: Holder): Promise<boolean> {
  const claim = `${path}.over.${ended.token.replace(/[^\w-]/g, "").slice(0, 64)}`;
  try {
    await fs.link(draft, claim).catch((error) => {
      if (codeOf(error) === "EEXIST") throw error;
      return fs.writeFile(claim, "", { flag: "wx" });
    });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    if ((await silence(fs, draft, claim)) > SILENCE) await fs.rm(claim, { force: true });
    return false;
  }
  try {
    if ((await readHolder(fs, path))?.token !== ended.token) return false;
    await fs.rename(draft, path);
    return true;
  } finally {
    await fs.rm(claim, { force: true });
  }
}

function refusal(where: string, { pid, host }: Holder, path: string): StoreError {
  const hint = `If nobody has it: it is free a minute after that process was last heard of, or when ${path} is deleted`;
  return inUse(where, `process ${pid} on ${host.split(" ")[0] || "another machine"}`, hint);
}
