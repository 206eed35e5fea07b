/** Tells processes apart, and whether one is still there. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { codeOf } from "../../core/thrown.js";

/** A process, told in a file that others read. */
export interface ProcessId {
  pid: number;
  /** The machine since it was started, and the container: pids of equal hosts mean the same. */
  host: string;
  /** When it started, by the machine's clock; "" where the system does not tell. */
  start: string;
}

/** What may be unknown, or not allowed: Deno asks for permissions. */
function ask<T>(question: () => T, otherwise: T): T {
  try {
    return question();
  } catch {
    return otherwise;
  }
}

/** State and start of a process (proc(5): fields 3 and 22 of stat; the name before them may hold anything). */
function status(pid: number): { state: string; start: string } | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], start: fields[19] };
}

/** This process. */
export const thisProcess = (): ProcessId => ({
  pid: process.pid,
  host: [
    ask(hostname, ""),
    ask(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), ""),
    ask(() => readlinkSync("/proc/self/ns/pid"), ""),
  ].join(" "),
  start: ask(() => status(process.pid)?.start ?? "", ""),
});

/** Whether a process has ended; undefined where that cannot be told. */
export function hasEnded({ pid, host, start }: ProcessId): boolean | undefined {
  if (host !== thisProcess().host) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ESRCH") return true;
    if (code !== "EPERM") return undefined;
  }
  const now = ask(() => status(pid), undefined);
  if (!now || start === "") return undefined;
  // Killed and not yet waited for, or another process of that number.
  return now.state === "Z" || now.state === "X" || now.start !== start;
}
