/** Room for threads: each reserves addresses when it starts, and V8 ends the process where there are none left (ulimit -v). */
import { expectation, RuntimeSupportError } from "../../core/errors.js";

/** What a thread of Node reserves: 0.57 to 0.82 GiB in versions 20 to 26. */
const EACH = 2 ** 30;

/** `readFileSync` of node:fs, which takes a cold start 2 ms: who asks has loaded it. */
type Read = (path: string, encoding: "utf8") => string;

/** A line of a file that Linux makes of this process; undefined elsewhere, and where none may be read. */
function lineOf(read: Read, file: string, pattern: RegExp): number | undefined {
  const { process } = globalThis;
  // Deno would ask for a permission.
  if (process.platform !== "linux" || process.versions.deno) return undefined;
  try {
    const [, value] = pattern.exec(read(`/proc/self/${file}`, "utf8")) ?? [];
    return value === undefined ? undefined : Number(value);
  } catch {
    return undefined;
  }
}

/** Throws `RuntimeSupportError` where so many threads would find no addresses. */
export function expectRoomFor(threads: number, read: Read): void {
  const limit = lineOf(read, "limits", /^Max address space +(\d+)/m);
  const taken = lineOf(read, "status", /^VmSize:\s+(\d+) kB/m);
  if (limit === undefined || taken === undefined) return;
  const left = limit - 1024 * taken;
  if (left >= threads * EACH) return;
  const hint = "Raise ulimit -v, or lower maxMemory";
  const expected = `${threads} GiB of addresses for ${threads} more`;
  throw new RuntimeSupportError(expectation("threads", "ulimit -v", expected, `${left} bytes`, { hint }));
}
