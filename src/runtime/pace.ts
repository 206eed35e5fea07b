/**
 * Whether all threads or one of them shall do a program. Threads meet at a barrier after every kernel, so that a process that
 * takes a core away stops them all: then one thread is faster. So it is where a program is short.
 *
 * All is counted in the time of runs (ms). What all threads take is an average over the last `MEMORY` of it, what one takes a
 * median: a hiccup changes neither much. Finding out costs: what a trial takes beyond a run of one thread is paid from an
 * allowance, a share of the time of all runs, so that a core that is gone for good costs no more than that share.
 */

/** Time over which the speed of all threads is averaged. */
const MEMORY = 100;
/** Fewest runs that a judgement rests on, and the least time of theirs; a time that is enough by itself. */
const FEWEST_RUNS = 3;
const LEAST_TIME = 2;
const ENOUGH_TIME = 50;
/** Time from the first run on in which the engine compiles, and speeds mean nothing. */
const WARM_UP = 20;
/** Runs that a median is taken of. */
const MEDIAN_OF = 5;
/** All threads have to take at most so many times what one takes. */
const GAIN = 0.95;
/** A program that takes one thread so long is tried on all only where a probe, which is cheaper, says that cores are there. */
const LONG = 4;
/** Time on one thread before the others are tried. */
const REST = 30;
/** Time on all threads, in ms and in runs of one, before it is found out anew what one takes. */
const RENEWAL = 1000;
const RENEWAL_RUNS = 200;

/** Share of the time of runs that trials may lose. */
const SHARE = 0.04;
/** Allowance at first, and the most that is put by. */
const FIRST_ALLOWANCE = 10;
const MOST_ALLOWANCE = 60;

/** What trials of a pool's programs may lose. */
export class Allowance {
  #left = FIRST_ALLOWANCE;

  get left(): number {
    return this.#left;
  }

  earn(ms: number): void {
    this.#left = Math.min(MOST_ALLOWANCE, this.#left + SHARE * ms);
  }

  spend(ms: number): void {
    this.#left -= ms;
  }
}

/** How long empty barriers took, and whether all cores took part without being taken away. */
export interface Probe {
  free: boolean;
  ms: number;
}

/** Time that a probe lasts: longer than a slice of the scheduler, so that a process that shares the core gets its turn in it. */
const PROBE_TIME = 8;
/** A round of barriers of which threads are ready takes a hundredth of this. */
const PROMPT = 0.3;
/** Time beyond `PROMPT` rounds after which a core counts as taken; waking a thread takes 0.1. */
const MOST_LOST = 1.5;

/** Has threads meet at barriers that no work lies between. `meet` passes some; `clock` tells milliseconds. */
export function probe(meet: () => void, clock: () => number): Probe {
  const start = clock();
  let before = start;
  let lost = 0;
  while (before - start < PROBE_TIME) {
    meet();
    const after = clock();
    if (after - before > PROMPT) lost += after - before;
    before = after;
    if (lost > MOST_LOST) return { free: false, ms: after - start };
  }
  return { free: true, ms: before - start };
}

/** The times of a stretch of runs. */
class Times {
  #latest: number[] = [];
  runs = 0;
  time = 0;

  add(ms: number): void {
    this.#latest[this.runs++ % MEDIAN_OF] = ms;
    this.time += ms;
  }

  /** Whether they are enough to judge by. */
  get enough(): boolean {
    return (this.runs >= FEWEST_RUNS && this.time >= LEAST_TIME) || this.time >= ENOUGH_TIME;
  }

  /** Of the latest; it forgives the run that woke the threads. */
  get median(): number {
    return this.#latest.slice().sort((a, b) => a - b)[this.#latest.length >> 1];
  }
}

/** The pace of one program. */
export class Pace {
  readonly #allowance: Allowance;
  /** "try": with all threads, until there are enough runs to compare. */
  #mode: "all" | "one" | "try" = "try";
  /** Of the present mode. */
  #times = new Times();
  /** What one thread takes, and what all take; as far as it is known, and `one` is not while all have their first runs. */
  #one = Infinity;
  #all = Infinity;
  /** All threads were compared with one since they were last used. */
  #compared = false;
  /** Runs of late on all threads: their time, and what one thread would have taken. */
  #spent = 0;
  #worth = 0;
  /** They were slow for a while, though the cores were there. */
  #doubted = false;
  /** What the present trial has lost, and what one is expected to. */
  #lost = 0;
  #expected = 1;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Threads, of `all`, for the next run. `ask` probes whether the cores are there. */
  threads(all: number, ask: () => Probe): number {
    if (this.#mode !== "one") return all;
    const rested = this.#compared && this.#times.enough && this.#times.time >= REST;
    if (!rested || this.#allowance.left < Math.min(this.#expected, MOST_ALLOWANCE)) return 1;
    this.#lost = 0;
    if (this.#one < LONG || this.#coresAreFree(ask)) {
      this.#enter("try");
      return all;
    }
    this.#giveUp();
    return 1;
  }

  /** Hears of the milliseconds that the run took. */
  took(ms: number, ask: () => Probe): void {
    this.#allowance.earn(ms);
    this.#times.add(ms);
    if (this.#mode === "one") this.#tookOnOne();
    else if (this.#one === Infinity) this.#tookAtFirst();
    else this.#tookOnAll(ms, ask);
  }

  #tookAtFirst(): void {
    const { runs, time, median } = this.#times;
    if (runs <= FEWEST_RUNS || time < WARM_UP) return;
    this.#all = median;
    this.#enter("one");
  }

  #tookOnOne(): void {
    if (!this.#times.enough) return;
    this.#one = this.#times.median;
    if (!this.#compared && this.#all < GAIN * this.#one) this.#enter("all");
    this.#compared = true;
  }

  #tookOnAll(ms: number, ask: () => Probe): void {
    const one = this.#one;
    this.#charge(Math.max(0, ms - one));
    const kept = Math.exp(-ms / MEMORY);
    this.#spent = this.#spent * kept + ms;
    this.#worth = this.#worth * kept + one;
    const { enough, time, median } = this.#times;
    if (this.#mode === "try") {
      if (enough && median < GAIN * one) this.#mode = "all";
      else if (enough || time > this.#times.runs * one + MOST_LOST + one / 2) this.#giveUp();
      return;
    }
    if (this.#spent < GAIN * this.#worth) {
      this.#doubted = false;
      // One thread may be faster than it was.
      if (time < Math.max(RENEWAL, RENEWAL_RUNS * one)) return;
      this.#all = median;
      this.#compared = false;
      this.#enter("one");
    } else if (enough && this.#spent > this.#worth) {
      this.#lost = 0;
      if (one >= LONG && !this.#doubted && this.#coresAreFree(ask)) {
        this.#enter("all");
        this.#doubted = true;
      } else this.#giveUp();
    }
  }

  #coresAreFree(ask: () => Probe): boolean {
    const { free, ms } = ask();
    this.#charge(ms);
    return free;
  }

  #charge(ms: number): void {
    this.#lost += ms;
    this.#allowance.spend(ms);
  }

  #giveUp(): void {
    this.#expected = (this.#expected + this.#lost) / 2;
    this.#enter("one");
  }

  #enter(mode: "all" | "one" | "try"): void {
    this.#mode = mode;
    this.#times = new Times();
    this.#spent = 0;
    this.#worth = 0;
    this.#doubted = false;
  }
}
