/** What the visitor has chosen, and what the networks do about it in their workers. */
import { batch, computed, signal } from "@preact/signals";
import { inAddress, oneOf, whole } from "../shell/address.js";
import type { Report, Result } from "./experiment.js";
import { DEPTHS, type Kind, type Task } from "./settings.js";
import type { Message } from "./train.worker.js";

export type Shown = "plain" | "residual" | "both";

export const { depth, seed, shown } = inAddress<{ depth: number; seed: number; shown: Shown }>({
  depth: whole(DEPTHS.initial, DEPTHS.min, DEPTHS.max),
  seed: whole(1, 0, 9999),
  shown: oneOf<Shown>("both", ["plain", "residual", "both"]),
});
// An odd depth has one layer that no skip connection passes over; the lesson draws pairs.
depth.value -= depth.value % DEPTHS.step;

export const kinds = computed<Kind[]>(() => (shown.value === "both" ? ["plain", "residual"] : [shown.value]));

export interface Net {
  task: Task;
  reports: readonly Report[];
  result?: Result;
  failure?: string;
}

/** The newest run of each kind. */
export const nets = signal<Partial<Record<Kind, Net>>>({});
export const isRunning = signal(false);
/** How every run since the page was opened has ended. */
export const endings = signal<readonly (Task & { error: number })[]>([]);

/** Runs that wait: each is a depth and the kinds that are trained side by side. */
let queue: Task[][] = [];
let workers: Worker[] = [];

export function stop(): void {
  queue = [];
  for (const worker of workers.splice(0)) worker.terminate();
  isRunning.value = false;
}

/** Trains what is chosen. */
export function start(): void {
  stop();
  queue = [kinds.value.map((kind) => ({ kind, depth: depth.value, seed: seed.value }))];
  next();
}

/** Trains both kinds at each of these depths, one depth after the other. */
export function sweep(depths: readonly number[]): void {
  stop();
  shown.value = "both";
  queue = depths.map((each) => kinds.value.map((kind) => ({ kind, depth: each, seed: seed.value })));
  next();
}

function next(): void {
  const tasks = queue.shift();
  isRunning.value = tasks !== undefined;
  if (!tasks) return;
  batch(() => {
    depth.value = tasks[0].depth;
    nets.value = Object.fromEntries(tasks.map((task) => [task.kind, { task, reports: [] }]));
  });
  let open = tasks.length;
  workers = tasks.map((task) =>
    launch(task, () => {
      open -= 1;
      if (open === 0) next();
    }),
  );
}

/** Trains in a worker of its own; what it tells is shown once a frame, however often it tells it. */
function launch(task: Task, done: () => void): Worker {
  const worker = new Worker(new URL("./train.worker.ts", import.meta.url), { type: "module" });
  const waiting: Report[] = [];
  let frame = 0;
  const change = (more: Partial<Net>) => {
    const net = nets.value[task.kind];
    if (net?.task !== task) return;
    nets.value = { ...nets.value, [task.kind]: { ...net, ...more, reports: net.reports.concat(waiting.splice(0)) } };
  };
  const end = (more: Partial<Net>) => {
    cancelAnimationFrame(frame);
    worker.terminate();
    change(more);
    done();
  };
  worker.onmessage = ({ data }: MessageEvent<Message>) => {
    if ("report" in data) {
      waiting.push(data.report);
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        change({});
      });
    } else if ("result" in data) {
      endings.value = [...endings.value, { ...task, error: data.result.error }];
      end({ result: data.result });
    } else end({ failure: data.failure });
  };
  worker.onerror = ({ message }) => end({ failure: message || "the worker could not be loaded" });
  worker.postMessage(task);
  return worker;
}

/** Layers of the network that is trained for its block alone, where none has been trained yet. */
const SMALL = 8;

/** A trained residual block of whatever depth, for those who look at the equations first. */
export function learnBlock(): Promise<void> {
  stop();
  const task: Task = { kind: "residual", depth: SMALL, seed: seed.value };
  nets.value = { ...nets.value, residual: { task, reports: [] } };
  return new Promise((resolve) => {
    workers = [launch(task, resolve)];
  });
}
