// The interpreter: one call runs a whole step. A program is a run of records, each
//   [kernel index, words in the record, argument 0, argument 1, ...]        (32-bit words)
// All threads walk the same records and meet at a barrier after each of them.
import { dispatch_part, dispatch_whole } from "./generated/dispatch";
import { GuardRecord, Header, Kernel } from "./generated/records";
import { ITEMS } from "./range";
import { announce, await_job, claim, job_begin, job_end, sync } from "./sync";

/**
 * Runs the records in [begin, end). Every thread of the model calls it with the same program.
 * Returns 0, or the address of the guard record that stopped the program.
 */
export function run(begin: usize, end: usize, thread: i32, threads: i32): usize {
  let r = begin;
  while (r < end) {
    // All reads of a record stand before its barrier: after the last one the host may put another program here.
    const record = changetype<Header>(r), kernel = record.kernel, next = r + (<usize>record.words << 2);
    let stop = 0;
    // The status was written before the last barrier and is not written here: all threads decide alike.
    if (kernel == Kernel.guard) stop = load<i32>(changetype<GuardRecord>(r).status);
    else dispatch(kernel, r, thread, threads);
    sync(thread, threads);
    if (stop) return r;
    r = next;
  }
  return 0;
}

function dispatch(kernel: i32, r: usize, thread: i32, threads: i32): void {
  if (dispatch_whole(kernel, r, thread, threads)) return;
  const parts = threads == 1 ? 1 : ITEMS * threads;
  let part = 0;
  while ((part = claim(parts, thread, threads)) >= 0) {
    if (!dispatch_part(kernel, r, part, parts)) unreachable(); // a kernel that this module does not have
  }
}

/** Runs a program with `threads` threads, of which the caller is the first. */
export function submit(begin: usize, end: usize, threads: i32): usize {
  if (threads > 1) announce(begin, end);
  return run(begin, end, 0, threads);
}

/**
 * The life of a worker: runs every program announced after the first `seen`, until told to leave. A model submits with
 * 1 thread (nothing is announced) or with all of its threads, so no worker can miss a program.
 */
export function serve(thread: i32, threads: i32, seen: i32): void {
  while (await_job(seen++)) run(job_begin(), job_end(), thread, threads);
}
