/**
 * Whether all threads or one of them shall do a program, judged by how long it takes. Threads meet at a barrier after every
 * kernel, so that a process that takes a core away stops them all: then one thread is faster.
 */

/** A run is slow that takes so many times what the fastest has taken; two threads gain up to twice the speed. */
const SLOW = 1.5;
/** Slow runs in a row before one thread is tried. */
const SUSPICIOUS = 3;
/** Runs of one thread before all are tried again, at first and at most. */
const PATIENCE = 16;
const MOST_PATIENCE = 256;

export class Pace {
  #mode: "all" | "one" | "try all" | "try one" = "all";
  /** Fastest run of all threads that is to be expected. */
  #best = Infinity;
  /** The latest run of one thread. */
  #one = 0;
  #slow: number[] = [];
  #patience = PATIENCE;
  #left = 0;

  /** Threads, of `all`, for the next run. */
  threads(all: number): number {
    return this.#mode.endsWith("all") ? all : 1;
  }

  /** Hears of the milliseconds that the run took. */
  took(ms: number): void {
    switch (this.#mode) {
      case "all":
        this.#best = Math.min(this.#best, ms);
        if (ms > SLOW * this.#best) this.#slow.push(ms);
        else this.#slow = [];
        if (this.#slow.length === SUSPICIOUS) this.#mode = "try one";
        return;
      case "try one": {
        const mean = this.#slow.reduce((a, b) => a + b) / SUSPICIOUS;
        this.#slow = [];
        this.#patience = PATIENCE;
        if (ms < mean) this.#useOne(ms);
        else this.#useAll(mean);
        return;
      }
      case "one":
        this.#one = ms;
        if (--this.#left === 0) this.#mode = "try all";
        return;
      case "try all":
        this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE);
        if (ms < this.#one) this.#useAll(ms);
        else this.#useOne(this.#one);
    }
  }

  #useAll(expected: number): void {
    this.#mode = "all";
    this.#best = expected;
  }

  #useOne(ms: number): void {
    this.#mode = "one";
    this.#one = ms;
    this.#left = this.#patience;
  }
}
