// Barriers, the worker loop, and how threads share work. All threads of a model run the same program
// (SPMD) on one shared memory.
// The control block, described in src/abi/control.ts, holds one 64-byte line for each word that threads fight over.
import { Control } from "./generated/records";
import { range_begin } from "./range";

// Polls before sleeping, about 50-100 us: a shorter spin loses, because waking a thread takes longer than that.
const SPIN: i32 = 50000;
const SECOND: i64 = 1000000000;

// A barrier declares the missing thread dead after ten sleeps of one second each, or, where the thread may not sleep,
// five to ten seconds' worth of SPIN polls. Tiles are small: a thread that lives and has a core is late by
// milliseconds.
const PATIENCE: i32 = 10;
const SPINS: i32 = 75000;

/**
 * Waits until *address differs from `value`. Traps when a thread has failed, or after `patience` > 0 sleeps or spins.
 */
function wait_change(address: usize, value: i32, maySleep: bool, patience: i32): void {
  let polls = 0;
  while (atomic.load<i32>(address) == value) {
    if (++polls < SPIN) continue;
    if (atomic.load<i32>(Control.failed)) unreachable();
    let late = true;
    if (maySleep) {
      atomic.add<i32>(Control.parked, 1);
      late = atomic.wait<i32>(address, value, SECOND) == 2;
      atomic.sub<i32>(Control.parked, 1);
    } else polls = 0;
    if (late && patience > 0 && --patience == 0) {
      atomic.store<i32>(Control.failed, 1);
      unreachable();
    }
  }
}

// @ts-ignore: decorator
@inline
function wake(address: usize): void {
  if (atomic.load<i32>(Control.parked)) atomic.notify(address, -1);
}

/** Where the count of a thread's share stands: as far from the others as there is room, to keep cache lines apart. */
// @ts-ignore: decorator
@inline
function claims(thread: i32, threads: i32): usize {
  return <usize>Control.claims + <usize>((thread * 128 / threads) << 2);
}

/**
 * The next of `items` items of work for this thread, or -1 when none is left: in order from the thread's own share,
 * then from what others have left of theirs (work stealing). Cores differ in speed, and other processes take them away:
 * with fixed shares all threads wait for the slowest. Each item goes to one thread; `sync` makes all of them free
 * again.
 */
export function claim(items: i32, thread: i32, threads: i32): i32 {
  if (SINGLE) {
    const item = load<i32>(Control.claims);
    store<i32>(Control.claims, item + 1);
    return item < items ? item : -1;
  }
  for (let i = 0; i < threads; i++) {
    const owner = (thread + i) % threads;
    const item = range_begin(items, 1, owner, threads) + atomic.add<i32>(claims(owner, threads), 1);
    if (item < range_begin(items, 1, owner + 1, threads)) return item;
  }
  return -1;
}

/**
 * The item after `item`, or -1: the next of them all or, where threads share them, the next that this thread claims.
 */
// @ts-ignore: decorator
@inline
export function next(item: i32, items: i32, shared: bool, thread: i32, threads: i32): i32 {
  if (shared) return claim(items, thread, threads);
  return item + 1 < items ? item + 1 : -1;
}

/** Barrier: returns when all threads have called it. Kernels may call it too, all threads the same number of times. */
export function sync(thread: i32, threads: i32): void {
  if (SINGLE) {
    store<i32>(Control.claims, 0);
    return;
  }
  if (threads == 1) {
    store<i32>(Control.claims, 0);
    return;
  }
  const generation = atomic.load<i32>(Control.generation);
  if (atomic.add<i32>(Control.arrived, 1) == threads - 1) {
    atomic.store<i32>(Control.arrived, 0);
    for (let i = 0; i < threads; i++) store<i32>(claims(i, threads), 0);
    atomic.add<i32>(Control.generation, 1);
    wake(Control.generation);
  } else {
    const maySleep = thread > 0 || atomic.load<i32>(Control.may_wait) != 0;
    wait_change(Control.generation, generation, maySleep, maySleep ? PATIENCE : SPINS);
  }
}

/** Hands a program to the workers; the caller then runs it as thread 0. */
export function announce(begin: usize, end: usize): void {
  atomic.store<u32>(Control.begin, <u32>begin);
  atomic.store<u32>(Control.end, <u32>end);
  atomic.add<i32>(Control.jobs, 1);
  wake(Control.jobs);
}

/** The program that was announced after `seen` jobs, or false when the worker shall leave. */
export function await_job(seen: i32): bool {
  wait_change(Control.jobs, seen, true, 0);
  return atomic.load<i32>(Control.exit) == 0;
}

export function job_begin(): usize { return atomic.load<u32>(Control.begin); }
export function job_end(): usize { return atomic.load<u32>(Control.end); }
