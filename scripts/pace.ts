/**
 * Two threads against one on the machine at hand, in turns, while another process leaves the second core alone, takes a tenth of
 * its time at random moments, takes it for good, or gives it back. Needs Linux (taskset) and two cores.
 *
 * Two threads that are forced show the other choice: the mean of two threads shall be within a tenth of the better one's.
 *
 *   node scripts/run.js scripts/pace.ts [--ms 4000] [--only "ResNet-18"] [--load none,tenth,all,returns]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import {
  cifarResNet,
  createModel,
  createTrainer,
  crossEntropy,
  type Layer,
  type Model,
  type ModelOptions,
  residualMLP,
  resnet18,
  SGD,
} from "../src/hosts/node/index.js";

const { values } = parseArgs({
  options: {
    ms: { type: "string", default: "4000" },
    only: { type: "string", default: "" },
    load: { type: "string", default: "none,tenth,all,returns" },
  },
});
const MS = Number(values.ms);
/** How long one thread and two have their turns (ms). */
const TURN = 500;

interface Task {
  name: string;
  network: Layer;
  inputShape: number[];
  batchSize: number;
  classes: number;
  train: boolean;
}

const TASKS: Task[] = [
  {
    name: "MLP 784-128x8-10, training 128",
    network: mlp(),
    inputShape: [784],
    batchSize: 128,
    classes: 10,
    train: true,
  },
  {
    name: "ResNet-20, one picture",
    network: cifarResNet(20),
    inputShape: [32, 32, 3],
    batchSize: 1,
    classes: 10,
    train: false,
  },
  {
    name: "ResNet-20, 8 pictures",
    network: cifarResNet(20),
    inputShape: [32, 32, 3],
    batchSize: 8,
    classes: 10,
    train: false,
  },
  {
    name: "ResNet-20, training 32",
    network: cifarResNet(20),
    inputShape: [32, 32, 3],
    batchSize: 32,
    classes: 10,
    train: true,
  },
  {
    name: "ResNet-18, one picture",
    network: resnet18(),
    inputShape: [224, 224, 3],
    batchSize: 1,
    classes: 1000,
    train: false,
  },
  { name: "MLP 20-64x4-5, one sample", network: small(), inputShape: [20], batchSize: 1, classes: 5, train: false },
];

function mlp(): Layer {
  return residualMLP({ in: 784, width: 128, blocks: 4, out: 10 });
}

function small(): Layer {
  return residualMLP({ in: 20, width: 64, blocks: 4, out: 5 });
}

const LOADS = {
  none: "",
  tenth: `const wait = () => setTimeout(() => { const busy = 1 + 39 * Math.random(), end = performance.now() + busy;
    while (performance.now() < end); wait(); }, 2 * Math.random() * 9 * 20); wait();`,
  all: "for (;;);",
};

async function startLoad(program: string): Promise<ChildProcess | undefined> {
  if (!program) return undefined;
  const child = spawn("taskset", ["-c", "1", process.execPath, "-e", program], { stdio: "ignore" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  return child;
}

async function stopLoad(child: ChildProcess | undefined): Promise<void> {
  if (!child) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function prepare({ network, inputShape, batchSize, classes, train }: Task, threads: ModelOptions["threads"]) {
  const model = await createModel(network, { inputShape, threads, seed: 1 });
  const x = new Float32Array(batchSize * inputShape.reduce((a, b) => a * b)).map((_, i) => Math.sin(i));
  const labels = Int32Array.from({ length: batchSize }, (_, i) => i % classes);
  const trainer = train ? createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 1e-4 }) }) : undefined;
  const run = () =>
    void (trainer ? trainer.step(x, labels) : model.predict({ data: x, shape: [batchSize, ...inputShape] }));
  return { model, run, times: [] as number[] };
}

/** Runs for `ms` milliseconds. */
function turn(run: () => void, times: number[], ms: number): void {
  const end = performance.now() + ms;
  for (let start = performance.now(); start < end; ) {
    run();
    const now = performance.now();
    times.push(now - start);
    start = now;
  }
}

const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const median = (list: number[]) => list.slice().sort((a, b) => a - b)[list.length >> 1];

/** Records how many threads each program took, from now on. */
function watch(model: Model): number[] {
  const { executor } = model.engine;
  const seen: number[] = [];
  const submit = executor.submit.bind(executor);
  executor.submit = (begin, end, threads) => {
    if (begin >= 1024) seen.push(threads); // the probe's program stands before
    return submit(begin, end, threads);
  };
  return seen;
}

for (const task of TASKS.filter(({ name }) => name.includes(values.only))) {
  for (const [load, program] of Object.entries(LOADS).filter(([name]) => values.load.split(",").includes(name))) {
    const [one, two, forced] = [await prepare(task, 1), await prepare(task, 2), await prepare(task, { force: 2 })];
    for (const { run } of [one, two, forced]) turn(run, [], 200);
    const child = await startLoad(program);
    for (let ms = 0; ms < MS; ms += 3 * TURN) for (const { run, times } of [two, one, forced]) turn(run, times, TURN);
    await stopLoad(child);
    const faster = ({ times }: typeof one) =>
      `${(mean(one.times) / mean(times)).toFixed(2)} times as fast by the mean, ${(median(one.times) / median(times)).toFixed(2)} by the median`;
    console.log(`${task.name}, load ${load}: one thread ${median(one.times).toFixed(2)} ms`);
    console.log(`  two threads are ${faster(two)}`);
    console.log(`  two threads that are forced are ${faster(forced)}`);
    for (const { model } of [one, two, forced]) model.dispose();
  }
  if (values.load.includes("returns")) {
    const two = await prepare(task, 2);
    turn(two.run, [], 300);
    const child = await startLoad(LOADS.all);
    turn(two.run, [], 2000);
    await stopLoad(child);
    const seen = watch(two.model);
    const start = performance.now();
    while (!seen.slice(-3).every((threads) => threads === 2) || seen.length < 3)
      if (performance.now() - start > 3000) break;
      else two.run();
    console.log(`${task.name}: two threads again ${(performance.now() - start).toFixed(0)} ms after the core's return`);
    two.model.dispose();
  }
}
