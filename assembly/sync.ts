// Barriers, the worker loop, and how threads share work. All threads of a model run the same program (SPMD) on one shared memory.
//
// Control block, one 64-byte line for each word that threads fight over:
//   64 jobs        number of programs submitted so far; workers watch it
//  128 arrived     threads that reached the current barrier
//  192 generation  barriers passed so far
//  256 parked      threads that sleep, so that notify (a host call) is made only when somebody sleeps
//  320 begin  324 end   the submitted program
//  332 exit        workers leave their loop
//  336 failed      a thread gave up: the others trap instead of waiting for it
//  340 mayWait     thread 0 may sleep (browsers forbid it on the main thread)
//  512 claims      items that were taken of each thread's share of the current work, up to 1024
import { range_begin } from "./range";

const JOBS: usize = 64;
const ARRIVED: usize = 128;
const GENERATION: usize = 192;
const PARKED: usize = 256;
const BEGIN: usize = 320;
const END: usize = 324;
const EXIT: usize = 332;
const FAILED: usize = 336;
const MAY_WAIT: usize = 340;
const CLAIMS: usize = 512;

// Polls before sleeping, about 50-100 us: a shorter spin loses, because waking a thread takes longer than that.
const SPIN: i32 = 50000;
const SECOND: i64 = 1000000000;

// A barrier declares the missing thread dead after ten sleeps of one second each, or, where the thread may not sleep, five
// to ten seconds' worth of SPIN polls. Tiles are small: a thread that lives and has a core is late by milliseconds.
const PATIENCE: i32 = 10;
const SPINS: i32 = 75000;

/** Waits until *address differs from `value`. Traps when a thread has failed, or after `patience` sleeps or spins, if > 0. */
function wait_change(address: usize, value: i32, maySleep: bool, patience: i32): void {
  let polls = 0;
  while (atomic.load<i32>(address) == value) {
    if (++polls < SPIN) continue;
    if (atomic.load<i32>(FAILED)) unreachable();
    let late = true;
    if (maySleep) {
      atomic.add<i32>(PARKED, 1);
      late = atomic.wait<i32>(address, value, SECOND) == 2;
      atomic.sub<i32>(PARKED, 1);
    } else polls = 0;
    if (late && patience > 0 && --patience == 0) {
      atomic.store<i32>(FAILED, 1);
      unreachable();
    }
  }
}

// @ts-ignore: decorator
@inline
function wake(address: usize): void {
  if (atomic.load<i32>(PARKED)) atomic.notify(address, -1);
}

/** Where the count of a thread's share stands: as far from the others as there is room, to keep cache lines apart. */
// @ts-ignore: decorator
@inline
function claims(thread: i32, threads: i32): usize {
  return CLAIMS + <usize>((thread * 128 / threads) << 2);
}

/**
 * The next of `items` items of work for this thread, or -1 when none is left: in order from the thread's own share, then
 * from what others have left of theirs (work stealing). Cores differ in speed, and other processes take them away: with
 * fixed shares all threads wait for the slowest. Each item goes to one thread; `sync` makes all of them free again.
 */
export function claim(items: i32, thread: i32, threads: i32): i32 {
  for (let i = 0; i < threads; i++) {
    const owner = (thread + i) % threads;
    const item = range_begin(items, 1, owner, threads) + atomic.add<i32>(claims(owner, threads), 1);
    if (item < range_begin(items, 1, owner + 1, threads)) return item;
  }
  return -1;
}

/** The item after `item`, or -1: the next of them all or, where threads share them, the next that this thread claims. */
// @ts-ignore: decorator
@inline
export function next(item: i32, items: i32, shared: bool, thread: i32, threads: i32): i32 {
  if (shared) return claim(items, thread, threads);
  return item + 1 < items ? item + 1 : -1;
}

/** Barrier: returns when all threads have called it. Kernels may call it too, all threads the same number of times. */
export function sync(thread: i32, threads: i32): void {
  if (threads == 1) {
    store<i32>(CLAIMS, 0);
    return;
  }
  const generation = atomic.load<i32>(GENERATION);
  if (atomic.add<i32>(ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(ARRIVED, 0);
    for (let i = 0; i < threads; i++) store<i32>(claims(i, threads), 0);
    atomic.add<i32>(GENERATION, 1);
    wake(GENERATION);
  } else {
    const maySleep = thread > 0 || atomic.load<i32>(MAY_WAIT) != 0;
    wait_change(GENERATION, generation, maySleep, maySleep ? PATIENCE : SPINS);
  }
}

/** Hands a program to the workers; the caller then runs it as thread 0. */
export function announce(begin: usize, end: usize): void {
  atomic.store<u32>(BEGIN, <u32>begin);
  atomic.store<u32>(END, <u32>end);
  atomic.add<i32>(JOBS, 1);
  wake(JOBS);
}

/** The program that was announced after `seen` jobs, or false when the worker shall leave. */
export function await_job(seen: i32): bool {
  wait_change(JOBS, seen, true, 0);
  return atomic.load<i32>(EXIT) == 0;
}

export function job_begin(): usize { return atomic.load<u32>(BEGIN); }
export function job_end(): usize { return atomic.load<u32>(END); }
