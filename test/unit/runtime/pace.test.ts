import { describe, expect, it } from "vitest";
import { Allowance, Pace, probe } from "../../../src/runtime/pace.js";

/** A slice of the scheduler (ms). */
const SLICE = 4;

/**
 * Two cores on a clock of their own. Who needs both while another process has the second one waits for a slice of the
 * scheduler, then has the core for one.
 */
class Machine {
  at = 0;
  /** From when to when the second core is another's. */
  readonly #taken: (at: number) => boolean;

  constructor(taken: (at: number) => boolean) {
    this.#taken = taken;
  }

  clock = (): number => this.at;

  /** Whether the second core works for us at this time. */
  #here(): boolean {
    return !this.#taken(this.at) || Math.floor(this.at / SLICE) % 2 === 0;
  }

  /** Some barriers: they wait for the second core. */
  meet = (): void => {
    this.at += 0.02;
    while (!this.#here()) this.at += 0.1;
  };

  ask = () => probe(this.meet, this.clock);

  /** A run that takes one thread `one` ms and two `two`, with a barrier every tenth of it. Returns its time. */
  run(threads: number, one: number, two: number): number {
    const start = this.at;
    if (threads === 1) this.at += one;
    else
      for (let part = 0; part < 10; part++) {
        while (!this.#here()) this.at += 0.1;
        this.at += two / 10;
      }
    return this.at - start;
  }
}

interface Task {
  one: number;
  two: number;
}

/** Runs a task for so many milliseconds. Returns the mean time of a run, and when runs began and on how many threads. */
function simulate(machine: Machine, { one, two }: Task, ms: number, pace = new Pace(new Allowance())) {
  const begin = machine.at;
  const runs: { at: number; threads: number }[] = [];
  while (machine.at - begin < ms) {
    const threads = pace.threads(2, machine.ask);
    runs.push({ at: machine.at - begin, threads });
    pace.took(machine.run(threads, one, two), machine.ask);
  }
  return { mean: (machine.at - begin) / runs.length, runs };
}

/** The mean with a fixed number of threads. */
function fixed(machine: Machine, { one, two }: Task, ms: number, threads: number): number {
  const begin = machine.at;
  let runs = 0;
  for (; machine.at - begin < ms; runs++) machine.run(threads, one, two);
  return (machine.at - begin) / runs;
}

/** Numbers from 0 to 1, always the same. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Stretches of `busy` ms, a share of all time, at random moments. */
function atRandom(share: number, busy: number, seed: number): (at: number) => boolean {
  const next = random(seed);
  const starts: number[] = [];
  for (let at = 0; at < 60_000; ) {
    at += -Math.log(1 - next()) * (busy / share - busy);
    starts.push(at);
    at += busy;
  }
  let last = 0; // clocks do not go back
  return (at) => {
    while (starts[last + 1] <= at) last++;
    return at >= starts[last] && at < starts[last] + busy;
  };
}

const LONG: Task[] = [
  { one: 3, two: 1.6 },
  { one: 9, two: 4.8 },
  { one: 40, two: 21 },
  { one: 340, two: 180 },
];
const SHORT: Task[] = [
  { one: 0.1, two: 0.14 },
  { one: 0.4, two: 0.4 },
  { one: 1.5, two: 2.2 },
];
const ALL = [...LONG, ...SHORT, { one: 1, two: 0.6 }];
const named = (tasks: Task[]) => tasks.map((task) => [`${task.one} ms, ${task.two} on two`, task] as const);

describe("the pace of a program", () => {
  it.each(named(ALL))("is that of the better choice on a quiet machine: %s", (_, task) => {
    const quiet = () => new Machine(() => false);
    const { mean } = simulate(quiet(), task, 5000);
    expect(mean / Math.min(task.one, task.two)).toBeLessThan(1.05);
  });

  it.each(named(ALL))("is at most 5 %% slower than one thread with a core gone for good: %s", (_, task) => {
    const { mean } = simulate(new Machine(() => true), task, 20_000);
    expect(mean / task.one).toBeLessThan(1.05);
  });

  it.each(named(LONG))("is that of two threads within half a second of the core's return: %s", (_, task) => {
    const machine = new Machine((at) => at > 2000 && at < 8000);
    const { runs } = simulate(machine, task, 12_000);
    const last = runs.filter(({ at, threads }) => at > 8000 && threads === 1).filter(({ at }) => at < 8900);
    // The longest task needs the time of the run in which the core comes back, too.
    expect(Math.max(0, ...last.map(({ at }) => at - 8000))).toBeLessThan(500);
    const later = runs.filter(({ at }) => at > 8600);
    expect(later.filter(({ threads }) => threads === 2).length / later.length).toBeGreaterThan(0.9);
  });

  const bursts = [1, 5, 20, 100, 400];
  it.each(bursts.flatMap((busy) => named(ALL).map(([name, task]) => [name, busy, task] as const)))(
    "is within 10 %% of the better choice with a core busy a tenth of the time: %s, busy for %d ms",
    (_, busy, task) => {
      const machine = (seed: number) => new Machine(atRandom(0.1, busy, seed));
      const means = [1, 2, 3].map((seed) => {
        const best = Math.min(fixed(machine(seed), task, 20_000, 1), fixed(machine(seed), task, 20_000, 2));
        return simulate(machine(seed), task, 20_000).mean / best;
      });
      expect(means.reduce((a, b) => a + b) / 3).toBeLessThan(1.1);
    },
  );

  it("forgives hiccups of the whole machine, such as those of the first runs", () => {
    const machine = new Machine(() => false);
    const pace = new Pace(new Allowance());
    let one = 0;
    for (let i = 0; i < 1000; i++) {
      const threads = pace.threads(2, machine.ask);
      if (threads === 1) one++;
      pace.took(machine.run(threads, 9, 5) + (i < 2 ? 50 : i % 20 === 7 ? 25 : 0), machine.ask);
    }
    expect(one).toBeLessThan(30);
  });

  it("finds out anew what one thread takes", () => {
    const machine = new Machine(() => false);
    const pace = new Pace(new Allowance());
    simulate(machine, { one: 2, two: 1.5 }, 1000, pace);
    const { runs } = simulate(machine, { one: 1, two: 1.5 }, 4000, pace);
    const late = runs.slice(-500);
    expect(late.filter(({ threads }) => threads === 1).length).toBeGreaterThan(450);
  });

  it("shares its allowance with the other programs of the pool", () => {
    const machine = new Machine(() => true);
    const allowance = new Allowance();
    const paces = LONG.slice(0, 3).map((task) => ({ task, pace: new Pace(allowance), runs: 0 }));
    while (machine.at < 20_000)
      for (const each of paces) {
        const threads = each.pace.threads(2, machine.ask);
        each.pace.took(machine.run(threads, each.task.one, each.task.two), machine.ask);
        each.runs++;
      }
    const alone = paces.reduce((sum, { task, runs }) => sum + task.one * runs, 0);
    expect(machine.at / alone).toBeLessThan(1.05);
  });
});

describe("a probe", () => {
  it("finds the cores there, or gone", () => {
    expect(new Machine(() => false).ask()).toEqual({ free: true, ms: expect.closeTo(8, 1) });
    for (let at = 0; at < 8; at++) {
      const machine = new Machine(() => true);
      machine.at = at;
      const { free, ms } = machine.ask();
      expect(free).toBe(false);
      expect(ms).toBeLessThan(10);
    }
  });
});
