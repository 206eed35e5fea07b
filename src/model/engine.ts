/** What a model is made of behind its public API; the trainer works with it too. */

import type { Shape } from "../core/shape.js";
import type { Parameter } from "../graph/graph.js";
import type { ValueId } from "../graph/value.js";
import type { Layer } from "../nn/layer.js";
import type { Builder } from "../ops/builder.js";
import type { Differentiate } from "../plan/autodiff.js";
import { createPlan, type Plan, type PlanOf, type Prefer, type Variation } from "../plan/plan.js";
import type { Executor } from "../runtime/executor.js";
import { type StepOf, stepOf } from "./step.js";

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
export function describeNetwork(network: Layer, inputShape: Shape, prefer?: Prefer): Described {
  const record = (b: Builder, x: ValueId) => network.build(b, x);
  const plan = createPlan({ ...FIRST, network: record, inputShape, prefer });
  const { graph } = plan;
  const outputShape = graph.shape(plan.output).slice(1);
  return { network, inputShape, outputShape, parameters: graph.parameters, buffers: graph.buffers, plan };
}

/** A network's description with the plan that it was taken from, which is a model's plan for one sample. */
export type Described = Description & { plan: Plan };

/** Bytes that the activations of a prediction should stay within, where nobody says how many samples it takes. */
const ARENA_TARGET = 64 * 2 ** 20;

const FIRST = { batchSize: 1, training: false, backward: "none" } as const;

export class Engine {
  readonly description: Description;
  readonly executor: Executor;
  readonly seed: number;
  readonly prefer: Prefer;
  readonly #differentiate: Differentiate | undefined;
  /** Names of parameters that training leaves as they are. */
  frozen: ReadonlySet<string> = new Set<string>();
  #frozenVersion = 0;
  /** Counts training forwards; with the seed it is the key of every dropout's random numbers. */
  randomStep = 0;
  /** There are gradients that no step of an optimiser has used. */
  hasGradients = false;
  /** As many samples as keep the activations of a prediction within the target, at most 256. */
  readonly fittingBatch: number;
  #plans = new Map<string, Plan>();

  constructor(
    { plan, ...description }: Described,
    executor: Executor,
    seed: number,
    prefer: Prefer,
    differentiate: Differentiate | undefined,
  ) {
    this.description = description;
    this.executor = executor;
    this.seed = seed;
    this.prefer = prefer;
    this.#differentiate = differentiate;
    this.#plans.set(this.#name(FIRST), plan);
    this.fittingBatch = Math.max(1, Math.min(256, Math.floor(ARENA_TARGET / Math.max(1, plan.arena.bytes))));
  }

  /** Replaces the set of frozen names. Gradients start from zero again: those of frozen parameters stay there. */
  freeze(names: ReadonlySet<string>): void {
    this.frozen = names;
    this.#frozenVersion++;
    this.hasGradients = false;
    if (this.executor.hasRegion("gradients")) this.executor.regionView("gradients").fill(0);
  }

  /** The plan for a variation, made at the first request. `key` tells variations apart that only functions describe. */
  plan<V extends Variation>(variation: V, key?: string): PlanOf<V>;
  plan(variation: Variation, key = ""): Plan {
    const name = this.#name(variation, key);
    const plan = this.#plans.get(name) ?? this.#createPlan(variation);
    this.#plans.delete(name);
    this.#plans.set(name, plan);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > MAX_PLANS) this.#plans.delete(oldest);
    return plan;
  }

  /** The step that this variation's plan makes. */
  step<V extends Variation>(variation: V, key?: string): StepOf<PlanOf<V>> {
    return stepOf(this.plan(variation, key), this);
  }

  #name({ batchSize, training, backward, watch, keepAll = false }: Variation, key = ""): string {
    return JSON.stringify([batchSize, training, backward, keepAll, watch, key, this.#frozenVersion]);
  }

  #createPlan(variation: Variation): Plan {
    const { network, inputShape } = this.description;
    const isFrozen = (name: string) => this.frozen.has(name);
    const record = (b: Builder, x: ValueId) => network.build(b, x);
    const request = { ...variation, network: record, inputShape, isFrozen, prefer: this.prefer };
    return createPlan(request, this.#differentiate);
  }

  /** Key and counter of the next step's random numbers; `first`: how many samples of its batch have passed before. */
  writeRandomKey(first = 0): void {
    this.executor.scalars.setRandom(this.seed, this.randomStep, first);
  }
}
