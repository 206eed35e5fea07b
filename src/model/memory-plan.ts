/** What a model takes of memory, told before anything is allocated. */

import { SCALARS } from "../abi/scalars.js";
import { flag, integer, type Option, readOptions, type Schema } from "../core/options.js";
import { roundUp } from "../core/shape.js";
import type { Graph, RecordedLoss } from "../graph/graph.js";
import { ALIGNMENT } from "../graph/regions.js";
import { bytesOf, type Value, type ValueId } from "../graph/value.js";
import { crossEntropy } from "../ops/loss.js";
import { optimizerStep } from "../ops/update.js";
import { type ParameterRun, parameterRuns } from "../optim/runs.js";
import { recordUpdate } from "../optim/update.js";
import type { RecordUpdate, TrainPlan } from "../plan/plan.js";
import type { Engine } from "./engine.js";

/** For what `memoryPlan` counts bytes. */
export interface MemoryPlanOptions {
  /** Default 1. */
  batchSize?: number;
  /** With everything that training needs. Default false. */
  training?: boolean;
  /** Floats that the trainer keeps for each weight. Default 1 (SGD with momentum); Adam keeps 2, `ema` and `accumulate` one more. */
  optimizerStates?: 0 | 1 | 2 | 3 | 4 | 5;
}

const states: Option<number, MemoryPlanOptions["optimizerStates"]> = (where, name, value) =>
  integer({ max: 5, default: 1 })(where, name, value);

const schema = () =>
  ({
    batchSize: integer({ min: 1, default: 1 }),
    training: flag(false),
    optimizerStates: states,
  }) satisfies Schema<MemoryPlanOptions>;

/** Bytes of each part of the model's memory. */
export interface MemoryPlan {
  /** Trained weights. */
  parameters: number;
  /** Running statistics. */
  buffers: number;
  /** As large as the weights, in training. */
  gradients: number;
  /** What the optimiser keeps, in training. */
  optimizer: number;
  /** Weights in the form the kernels read, made at the first prediction. */
  prepared: number;
  /** The instructions of a step, scalars, and what threads meet by. */
  program: number;
  /** Values between the layers, which take turns in the same memory. */
  activations: number;
  scratch: number;
  /** The WASM memory is this, rounded up to pages of 64 KB. */
  total: number;
}

/** What `model.memoryPlan` does. */
export function planMemory(engine: Engine, options?: MemoryPlanOptions): MemoryPlan {
  const { batchSize, training, optimizerStates } = readOptions("memoryPlan", options, schema);
  const plan = training
    ? trainingPlan(engine, batchSize, optimizerStates)
    : engine.plan({ batchSize, training, backward: "none" });
  const { program, values, workspace, scratch } = engine.executor.layout(plan);
  const sum = (values: Pick<Value, "shape" | "dtype">[]) =>
    values.reduce((total, value) => total + roundUp(bytesOf(value), ALIGNMENT), 0);
  const prepared = new Map([...plan.prepared].map(([id, key]) => [key, plan.graph.values[id]]));
  const parameters = engine.executor.regionBytes;
  const parts = {
    parameters,
    buffers: sum(engine.description.buffers.map(({ shape }) => ({ shape, dtype: "f32" }))),
    gradients: training ? parameters : 0,
    optimizer: training ? parameters * optimizerStates : 0,
    prepared: sum([...prepared.values()]),
    program: SCALARS.end + program,
    activations: values,
    scratch: workspace + scratch,
  };
  return { ...parts, total: Object.values(parts).reduce((a, b) => a + b, 0) };
}

/**
 * A plan such as a trainer makes: cross-entropy, and the kernel of SGD or, with two states or more, of Adam. It is never run,
 * so the optimisers themselves, and what their kernels read, are left out.
 */
function trainingPlan(engine: Engine, batchSize: number, states: number): TrainPlan {
  const kernel = states > 1 ? "f32_adam" : "f32_sgd";
  const optimizer = {
    record: (graph: Graph, { first, count }: ParameterRun) =>
      graph.add(optimizerStep, [], { kernel, first, count, state: {}, args: {} }),
  };
  const runs = parameterRuns(engine.description.parameters, (name) => engine.frozen.has(name));
  const update: RecordUpdate = (graph, loss) => recordUpdate(graph, loss, { optimizer, runs });
  return engine.plan(
    { batchSize, training: true, backward: "loss", loss: recordCrossEntropy, update },
    `memory ${states}`,
  );
}

/**
 * The loss on class indices without options: what a plan is measured with where nobody has said which loss, whatever the
 * network ends in. One output has no classes, but takes as much memory.
 */
export function recordCrossEntropy(graph: Graph, output: ValueId): RecordedLoss {
  const target = graph.value(graph.shape(output).slice(0, -1), "target", { dtype: "i32" });
  const [loss] = graph.add(crossEntropy, [output, target], { probabilities: false, smoothing: 0 });
  return { target, loss };
}
