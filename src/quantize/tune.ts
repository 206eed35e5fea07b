/** Times the products of a network on integers and in float32, one by one, on this machine. */
import { now } from "../core/ability.js";
import type { Engine } from "../model/engine.js";
import { fillInput } from "../model/input.js";

/** Milliseconds of each product, by its layer's path, with the conversions before it. */
export type Times = ReadonlyMap<string, { int8: number; float32: number }>;

/** Bytes of a word of a program. */
const WORD = 4;

/** Milliseconds that all of it takes, and how often each is run at least. */
const BUDGET = 2000;
const LEAST_ROUNDS = 5;

/** Runs a step op by op and adds up what each path takes; of several runs the least counts. */
function watch(engine: Engine, x: ArrayLike<number>): { run: () => void; best: Map<string, number> } {
  const step = engine.step({ batchSize: 1, training: false, backward: "none" });
  const { executor } = engine;
  fillInput(step.input, x);
  step.run(); // weights are prepared
  const { plan } = step;
  const threads = executor.threadsFor(plan.macs);
  const best = new Map<string, number>();
  const run = () => {
    const { program, base } = executor.activate(plan);
    const took = new Map<string, number>();
    const first = plan.prepare.length;
    for (const [i, { path }] of plan.step.entries()) {
      const from = program.starts[first + i];
      const to = program.starts[first + i + 1] ?? program.words.length;
      if (from === to) continue;
      const start = now();
      executor.submit(base + from * WORD, base + to * WORD, threads);
      took.set(path, (took.get(path) ?? 0) + now() - start);
    }
    for (const [path, ms] of took) best.set(path, Math.min(best.get(path) ?? Infinity, ms));
  };
  return { run, best };
}

/** The same network on integers and in float32, in turns. */
export function timeProducts(int8: Engine, float32: Engine, x: ArrayLike<number>, signal?: AbortSignal): Times {
  const both = [watch(int8, x), watch(float32, x)];
  const start = now();
  for (let round = 0; round < LEAST_ROUNDS || now() - start < BUDGET; round++) {
    signal?.throwIfAborted();
    for (const { run } of both) run();
  }
  const [integers, floats] = both.map(({ best }) => best);
  const times = new Map<string, { int8: number; float32: number }>();
  for (const [path, ms] of integers) {
    const other = floats.get(path);
    if (other !== undefined) times.set(path, { int8: ms, float32: other });
  }
  return times;
}
