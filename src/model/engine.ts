/** What a model is made of behind its public API; the trainer works with it too. */

import { Philox } from "../core/random.js";
import { numel, type Shape } from "../core/shape.js";
import type { Graph, Parameter, ValueId } from "../graph/graph.js";
import type { Layer } from "../nn/layer.js";
import { crossEntropy } from "../nn/losses.js";
import { Adam, SGD } from "../optim/optimizers.js";
import { stepMacs } from "../plan/cost.js";
import { createPlan, type Plan, type PlanRequest } from "../plan/plan.js";
import { SCALARS } from "../program/abi.js";
import type { Executor } from "../runtime/executor.js";

/** Plans kept at a time; the one unused for longest goes first. */
const MAX_PLANS = 16;

export interface Description {
  network: Layer;
  inputShape: Shape;
  /** Shape of one output. */
  outputShape: Shape;
  parameters: readonly Parameter[];
  buffers: readonly Parameter[];
}

/** Records a network for inference on one sample: its shapes, parameters and layers. */
export function describeNetwork(network: Layer, inputShape: Shape): Description & { plan: Plan } {
  const plan = createPlan({
    network: (b, x) => network.build(b, x),
    batchSize: 1,
    inputShape,
    training: false,
    backward: "none",
  });
  const { graph } = plan;
  const outputShape = graph.shape(plan.output).slice(1);
  return { network, inputShape, outputShape, parameters: graph.parameters, buffers: graph.buffers, plan };
}

export type Variation = Omit<PlanRequest, "network" | "inputShape" | "isFrozen" | "prefer">;

export class Engine {
  readonly description: Description;
  readonly executor: Executor;
  readonly seed: number;
  readonly #prefer: "speed" | "memory";
  /** Names of parameters that training leaves as they are. */
  frozen: ReadonlySet<string> = new Set<string>();
  #frozenVersion = 0;
  /** Counts training forwards; with the seed it is the key of every dropout's random numbers. */
  randomStep = 0;
  #plans = new Map<string, Plan>();
  #macs = new WeakMap<Plan, number>();

  constructor(description: Description, executor: Executor, seed: number, prefer: "speed" | "memory") {
    this.description = description;
    this.executor = executor;
    this.seed = seed;
    this.#prefer = prefer;
  }

  /** Draws the initial weights: parameter i from stream i of the seed, so twins of a network start alike. */
  initialise(): void {
    const { parameters, buffers } = this.description;
    parameters.forEach(({ name, shape, init }, i) => {
      const view = this.executor.parameterView(name, "parameters", numel(shape));
      if (init.kind === "constant") view.fill(init.value);
      else {
        const random = new Philox(this.seed, i);
        for (let j = 0; j < view.length; j++)
          view[j] = init.kind === "normal" ? random.normal() * init.std : (2 * random.uniform() - 1) * init.bound;
      }
    });
    for (const { name, init } of buffers)
      this.executor.bufferView(name).fill(init.kind === "constant" ? init.value : 0);
    this.executor.weightsVersion++;
  }

  /** Replaces the set of frozen names. Gradients start from zero again: those of frozen parameters stay there. */
  freeze(names: ReadonlySet<string>): void {
    this.frozen = names;
    this.#frozenVersion++;
    if (this.executor.hasRegion("gradients")) this.executor.regionView("gradients").fill(0);
  }

  /** The plan for a variation, made at the first request. `key` tells variations apart that only functions describe. */
  plan(variation: Variation, key = ""): Plan {
    const { batchSize, training, backward, watch, keepAll = false } = variation;
    const name = JSON.stringify([batchSize, training, backward, keepAll, watch, key, this.#frozenVersion]);
    const known = this.#plans.get(name);
    this.#plans.delete(name);
    const plan = known ?? this.#createPlan(variation);
    this.#plans.set(name, plan);
    if (this.#plans.size > MAX_PLANS) this.#plans.delete(this.#plans.keys().next().value!);
    return plan;
  }

  /** A plan such as a trainer makes: cross-entropy, and SGD or, with two states or more, Adam. */
  trainingPlan(batchSize: number, states: number): Plan {
    const optimizer = states > 1 ? new Adam() : new SGD({ lr: 0, momentum: states > 0 ? 0.9 : 0 });
    const { executor, description } = this;
    const update = (graph: Graph) => {
      const loss = graph.nodes.find(({ op }) => op === "crossEntropy")!.outputs[0];
      graph.add("gradNorm", [loss], { maxNorm: 0, loss: true, count: executor.floats }, "optimizer");
      optimizer.record(graph, { first: 0, count: description.parameters.length, lrScale: 1 });
    };
    const loss = (graph: Graph, output: ValueId) => crossEntropy().record(graph, output, "indices");
    return this.plan({ batchSize, training: true, backward: "loss", loss, update }, `memory ${states}`);
  }

  #createPlan(variation: Variation): Plan {
    const { network, inputShape } = this.description;
    const isFrozen = (name: string) => this.frozen.has(name);
    const plan = createPlan({
      ...variation,
      network: (b, x) => network.build(b, x),
      inputShape,
      isFrozen,
      prefer: this.#prefer,
    });
    this.#macs.set(plan, stepMacs(plan.graph, plan.step));
    return plan;
  }

  /** Multiply-adds of one step. */
  macs(plan: Plan): number {
    return this.#macs.get(plan) ?? 0;
  }

  /** Runs stages of a plan; a training forward draws fresh random numbers. */
  run(
    plan: Plan,
    from: "forward" | "backward" | "update",
    to: "forward" | "backward" | "update",
    training: boolean,
  ): boolean {
    const { executor } = this;
    executor.activate(plan);
    if (from === "forward") {
      if (training) this.randomStep++;
      this.writeRandomKey();
    }
    const finished = executor.run(plan, from, to, this.macs(plan));
    if (finished && plan.changesWeights) executor.weightsVersion++;
    return finished;
  }

  /** Key and counter of the next step's random numbers. */
  writeRandomKey(): void {
    const words = this.executor.memory.i32(SCALARS.rng, 4);
    words[0] = this.seed | 0;
    words[1] = Math.floor(this.seed / 2 ** 32) | 0;
    words[2] = this.randomStep | 0;
    words[3] = Math.floor(this.randomStep / 2 ** 32) | 0;
  }
}
