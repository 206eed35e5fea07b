/** Where the time of a step goes: each op of a program timed by itself. Loaded at the first `model.profile`. */

import { KERNELS } from "../abi/records.js";
import { now } from "../core/ability.js";
import { ArgumentError, expectation, NumericError, RuntimeSupportError } from "../core/errors.js";
import { checked, flag, integer, optional, readOptions, type Schema } from "../core/options.js";
import { type TensorLike, toBatch } from "../core/tensor.js";
import { isLoss, type Loss } from "../nn/losses.js";
import { isOptimizer, type Optimizer, SGD } from "../optim/optimizers.js";
import { parameterRuns } from "../optim/runs.js";
import { recordUpdate } from "../optim/update.js";
import { nodeBytes, nodeMacs } from "../plan/cost.js";
import type { Plan, RecordUpdate } from "../plan/plan.js";
import type { Engine } from "./engine.js";
import { fillInput } from "./input.js";
import { recordCrossEntropy } from "./memory-plan.js";
import { isInStep, type LayerProfile, type OpProfile, Profile, perSecond, sumUp } from "./profile-report.js";
import type { Step, TrainStep } from "./step.js";
import { byLayer, layersInOrder } from "./summary.js";

export interface ProfileOptions {
  /** A training step (forward, backward, update) instead of a prediction. Default false. */
  training?: boolean;
  /** Loss of the training step; targets are class 0 or zeros, which takes as long as others. Default `crossEntropy()`. */
  loss?: Loss;
  /** Optimiser of the training step. Default `new SGD({ lr, momentum: 0.9 })`. */
  optimizer?: Optimizer;
  /** How often the step is run, in one piece and op by op. Default: for about a second, 3 to 1000 times. */
  repetitions?: number;
}

const schema = () =>
  ({
    training: flag(false),
    loss: optional(checked("what a trainer takes as loss", isLoss)),
    optimizer: optional(checked("what a trainer takes as optimizer", isOptimizer)),
    repetitions: optional(integer({ min: 1, max: 10_000 })),
  }) satisfies Schema<ProfileOptions>;

/** What `model.profile` does. Never yields: nothing else can change the model meanwhile. */
export function profile(engine: Engine, x: TensorLike, options?: ProfileOptions): Profile {
  const where = "profile";
  const { training, repetitions, ...given } = readOptions(where, options, schema);
  for (const name of ["loss", "optimizer"] as const)
    if (given[name] !== undefined && !training)
      throw new ArgumentError(expectation(where, name, "only with training: true", given[name]));
  const {
    loss = { type: "crossEntropy", targets: ["indices"], record: recordCrossEntropy },
    optimizer = new SGD({ lr: 0, momentum: 0.9 }),
  } = given;
  const batch = toBatch(where, "input", x, engine.description.inputShape);
  const { executor } = engine;
  if (!training) {
    const step = engine.step({ batchSize: batch.batchSize, training, backward: "none" });
    const load = () => fillInput(step.input, batch.data);
    return measure(engine, step, load, { types: {}, repetitions });
  }

  executor.region("gradients");
  for (const name of optimizer.state) executor.region(`optimizer.${name}`);
  const step = trainingStep(engine, batch.batchSize, loss, optimizer);
  const load = () => {
    fillInput(step.input, batch.data);
    step.target.fill(0);
    // A learning rate of 0: the weights stay finite however often the step is repeated.
    executor.scalars.set("lr", 0);
    executor.scalars.set("status", 0);
    executor.scalars.setOwn(optimizer.scalars(0));
  };
  const restore = keepState(engine, optimizer);
  try {
    const types = { loss: loss.type, optimizer: optimizer.type };
    return measure(engine, step, load, { types, repetitions });
  } finally {
    restore();
  }
}

type ProfiledLoss = Pick<Loss, "type" | "targets" | "record">;

/** The step that a trainer with this loss and optimiser would run; frozen parameters are left out of the update. */
function trainingStep(engine: Engine, batchSize: number, loss: ProfiledLoss, optimizer: Optimizer): TrainStep {
  const { frozen, description } = engine;
  const kind = loss.targets[0];
  const runs = parameterRuns(description.parameters, (name) => frozen.has(name));
  const update: RecordUpdate = (graph, loss) => recordUpdate(graph, loss, { optimizer, runs });
  return engine.step(
    { batchSize, training: true, backward: "loss", loss: (graph, output) => loss.record(graph, output, kind), update },
    `profile ${kind} ${JSON.stringify([loss, optimizer])}`,
  );
}

/** Copies everything that a training step writes to and that outlives it; the result puts it back. */
function keepState({ executor, description }: Engine, optimizer: Optimizer): () => void {
  const state = optimizer.state.map((name) => `optimizer.${name}` as const);
  const regions = (["parameters", "gradients", ...state] as const).filter((name) => executor.hasRegion(name));
  const views = () => [
    ...regions.map((name) => executor.regionView(name)),
    ...description.buffers.map(({ name }) => executor.bufferView(name)),
  ];
  const copies = views().map((view) => view.slice());
  // Views anew: the memory may have grown since.
  return () => {
    views().forEach((view, i) => {
      view.set(copies[i]);
    });
  };
}

/** Milliseconds that the default number of repetitions shall take. */
const BUDGET = 1000;
/** From this smallest step of the clock on, single ops are too short for it. */
const COARSE = 0.01;

interface How {
  types: Record<string, string>;
  repetitions: number | undefined;
}

function measure(engine: Engine, step: Step, load: () => void, { types, ...how }: How): Profile {
  const { executor } = engine;
  const { plan } = step;
  const clock = clockStep();
  const threads = executor.threadsFor(plan.macs);
  const run = (from: number, to: number) => {
    const { base } = executor.activate(plan);
    if (executor.submit(base + from * 4, base + to * 4, threads) === 0) return;
    const loss = plan.kind === "train" ? step.numbers(plan.loss)[0] : undefined;
    const got = `loss ${loss}, norm ${executor.scalars.get("norm")}`;
    throw new NumericError(expectation("profile", "loss and gradients", "finite numbers", got));
  };
  const { program } = executor.activate(plan);
  const { starts, prepare, words } = program;
  const inOnePiece = (): number => {
    load();
    engine.writeRandomKey();
    const start = now();
    run(prepare, words.length);
    return now() - start;
  };
  /** Adds the time of each op to its list. */
  const opByOp = (times: number[][], only: "prepare" | "step"): void => {
    load();
    engine.writeRandomKey();
    let before = now();
    starts.forEach((from, i) => {
      const to = starts[i + 1] ?? words.length;
      if (from === to || from < prepare !== (only === "prepare")) return;
      run(from, to);
      const at = now();
      times[i].push(at - before);
      before = at;
    });
  };

  const fresh = () => starts.map((): number[] => []);
  opByOp(fresh(), "prepare");
  inOnePiece(); // engines compile in the background: the first runs are slower
  inOnePiece();
  const once = Math.max(inOnePiece(), clock);
  const repetitions = how.repetitions ?? Math.max(3, Math.min(1000, Math.ceil(BUDGET / 2 / once)));
  const times = fresh();
  const whole: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    whole.push(inOnePiece());
    opByOp(times, "step");
    if (prepare > 0) opByOp(times, "prepare");
  }

  const statistic = clock < COARSE ? "median" : "mean";
  const summarize = statistic === "median" ? median : mean;
  const nodes = [...plan.prepare, ...plan.step];
  const names = Object.keys(KERNELS);
  const outside = new Map<OpProfile, "loss" | "optimizer">();
  const ops = nodes.flatMap((node, i): OpProfile[] => {
    const [from, to] = [starts[i], starts[i + 1] ?? words.length];
    if (from === to) return []; // reshapes move nothing
    const [ms, macs] = [summarize(times[i]), nodeMacs(plan.graph, node)];
    const op: OpProfile = {
      op: node.op.name,
      path: node.op.part ?? node.path,
      stage: from < prepare ? "prepare" : node.stage,
      kernel: names[words[from]],
      calls: countCalls(words, from, to),
      shape: node.outputs.length > 0 ? plan.graph.shape(node.outputs[0]) : [],
      ms,
      macs,
      gflops: perSecond(macs, ms),
      bytes: nodeBytes(plan.graph, node, ({ first, count }) => executor.runBytes(first, count)),
    };
    if (node.op.part) outside.set(op, node.op.part);
    return [op];
  });
  return new Profile({
    batchSize: plan.batchSize,
    training: plan.training,
    threads,
    repetitions,
    statistic,
    clock,
    ms: summarize(whole),
    opsMs: sumUp(ops.filter(isInStep)).ms,
    layers: layersOf(plan, ops, outside, types),
    ops,
  });
}

/** The layers of the network, then the parts of a step that belong to no layer. */
function layersOf(
  { graph }: Plan,
  ops: readonly OpProfile[],
  outside: ReadonlyMap<OpProfile, string>,
  types: Record<string, string>,
): LayerProfile[] {
  const step = ops.filter(isInStep);
  const inside = byLayer(step.filter((op) => !outside.has(op)));
  const layers = layersInOrder(graph).map(({ path, type, outputShape }) => ({
    path,
    type,
    outputShape,
    ...sumUp(inside(path)),
    ops: inside(path).filter((op) => op.path === path),
  }));
  const others = Object.entries(types).map(([path, type]) => {
    const own = step.filter((op) => outside.get(op) === path);
    return { path, type, outputShape: [], ...sumUp(own), ops: own };
  });
  return [...layers, ...others];
}

function countCalls(words: Int32Array, from: number, to: number): number {
  let calls = 0;
  for (let at = from; at < to; at += words[at + 1]) calls++;
  return calls;
}

/** The smallest step that the clock makes, in milliseconds. Throws where it stands still while code runs. */
function clockStep(): number {
  const start = now();
  for (let i = 0; i < 1e6; i++) {
    const step = now() - start;
    if (step > 0) return step;
  }
  throw new RuntimeSupportError(
    expectation("profile", "performance.now()", "a clock that moves while code runs", "one that stands still"),
  );
}

function median(values: number[]): number {
  const sorted = values.slice().sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
