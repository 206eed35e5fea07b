/**
 * One contender in one process or page: prepares a task, gives its first results for comparison, times its runs.
 *
 * A contender's module for a kind of task exports `create(task, options)`, which resolves to
 *   { version, run, output?, dispose? }
 * `run()` does the work once; what it returns, or resolves to, goes through `output` (not timed) into an array or a number.
 */
import { difference } from "./compare.js";

const WARM_UP_MS = 400; // V8 compiles in the background, on two cores late
const SAMPLES = 64;

/** Processor time of all threads, for machines that are shared; pages have none. */
const processorTime = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const wallTime = () => performance.now();

const sample = (values) => {
  if (typeof values === "number") return [values];
  const count = Math.min(SAMPLES, values.length);
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]);
};

/** `expected`: [[index, value], ...] of somebody who is not here. */
function expect(output, task) {
  const [indices, values] = [0, 1].map((part) => task.expected.map((pair) => pair[part]));
  const why = difference(Array.from(indices, (i) => output[i]), values, task, task.expectedBy); // biome-ignore format: one line
  if (why) throw new Error(why);
}

export class Session {
  #load;
  #options;
  #contender = null;
  #clock = wallTime;

  /** `load(kind)` resolves to the contender's module for that kind of task. */
  constructor(load, options) {
    this.#load = load;
    this.#options = options;
  }

  /** Ready to be timed; `first` has the results of the first runs, for training their losses. */
  async prepare(task) {
    await this.#contender?.dispose?.();
    this.#contender = null;
    const { create } = await this.#load(task.kind);
    const contender = await create(task, this.#options);
    this.#clock = task.clock === "processor" ? processorTime : wallTime;
    this.#contender = contender;
    const first = [];
    let ms = 0;
    for (let i = 0; i < (task.kind === "train" ? 2 : 1); i++) {
      const start = this.#clock();
      const result = await contender.run();
      ms = this.#clock() - start;
      const output = contender.output ? await contender.output(result) : result;
      if (task.expected) expect(output, task);
      if (output !== undefined) first.push(...sample(output));
    }
    if (ms < WARM_UP_MS) await this.run(WARM_UP_MS);
    return { version: contender.version, first, ms };
  }

  /** Times of as many runs as fit into `budget` ms, at least one. */
  async run(budget) {
    const times = [];
    const end = performance.now() + budget;
    do {
      const start = this.#clock();
      const result = this.#contender.run();
      if (typeof result?.then === "function") await result;
      times.push(this.#clock() - start);
    } while (performance.now() < end);
    return times;
  }
}
