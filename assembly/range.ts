// How work is split over threads, and vectors that end early.

/**
 * Where thread `thread` begins in [0, n), in multiples of `unit`; it ends where the next thread begins. Only the last
 * thread with work meets an end that is not a multiple of `unit`.
 */
export function range_begin(n: i32, unit: i32, thread: i32, threads: i32): i32 {
  const units = <i64>((n + unit - 1) / unit);
  return min(n, <i32>(units * thread / threads) * unit);
}

/** The first `count` (1 to 3) numbers at p; the other lanes hold `fill`. */
export function load_part(p: usize, count: i32, fill: f32): v128 {
  let x = v128.load32_lane(p, f32x4.splat(fill), 0);
  if (count > 1) x = v128.load32_lane(p, x, 1, 4);
  if (count > 2) x = v128.load32_lane(p, x, 2, 8);
  return x;
}

// Items of work for each thread to claim: as few as these leave at most a tenth of a step to wait for the last of them.
// @ts-ignore: decorator
@inline
export const ITEMS: i32 = 8;

/** Parts, at most `most`, to cut each of `jobs` jobs into, so that every thread has several items to claim. */
export function splits_of(jobs: i32, most: i32, threads: i32): i32 {
  return threads == 1 ? 1 : min(most, (ITEMS * threads + jobs - 1) / jobs);
}

// Loops run over whole vectors; the last 1 to 3 numbers follow after them by the same inlined step with a constant
// `part`. A call of load_part inside a loop makes V8 spill every vector around it, which costs half the speed or more.
// V8 (11 to 13) takes a constant vector out of a loop only where every way out leads through its use: where it is used
// after the loop as well, or where the body stands before the test (do-while). Otherwise it builds it anew in every
// turn, which made Adam slower by a third.

// @ts-ignore: decorator
@inline
export function load_4(p: usize, count: i32, fill: f32, part: bool): v128 {
  return part ? load_part(p, count, fill) : v128.load(p);
}

// @ts-ignore: decorator
@inline
export function store_4(p: usize, x: v128, count: i32, part: bool): void {
  if (part) store_part(p, x, count);
  else v128.store(p, x);
}

/** The four numbers at p, or the first `count` where a row ends earlier; for loops that need not be fast. */
// @ts-ignore: decorator
@inline
export function at_most_4(p: usize, count: i32, fill: f32): v128 {
  return count < 4 ? load_part(p, count, fill) : v128.load(p);
}

/** Stores x at p, or its first `count` lanes where a row ends earlier; for loops that need not be fast. */
// @ts-ignore: decorator
@inline
export function store_at_most_4(p: usize, x: v128, count: i32): void {
  if (count < 4) store_part(p, x, count);
  else v128.store(p, x);
}

/** Stores the first `count` (1 to 3) lanes at p. */
export function store_part(p: usize, x: v128, count: i32): void {
  v128.store32_lane(p, x, 0);
  if (count > 1) v128.store32_lane(p, x, 1, 4);
  if (count > 2) v128.store32_lane(p, x, 2, 8);
}
