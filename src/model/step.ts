/** One step of a model: what goes in, the run, what comes out. */
import type { Tensor } from "../core/tensor.js";
import type { Stage } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { TargetKind } from "../nn/losses.js";
import type { BackwardPlan, Plan, TrainPlan } from "../plan/plan.js";
import type { Executor } from "../runtime/executor.js";

/** What a step asks of its model's engine. */
interface Engine {
  readonly executor: Executor;
  randomStep: number;
  writeRandomKey(first?: number): void;
}

/**
 * A plan and the memory that it works in. Arrays are views of that memory, which all steps of a model share: they hold what
 * this step has written until another one is written to, run or read.
 */
export class Step<P extends Plan = Plan> {
  readonly plan: P;
  readonly #engine: Engine;

  constructor(plan: P, engine: Engine) {
    this.plan = plan;
    this.#engine = engine;
  }

  get input(): Float32Array {
    return this.numbers(this.plan.input);
  }

  get output(): Float32Array {
    return this.numbers(this.plan.output);
  }

  numbers(id: ValueId): Float32Array {
    return this.executor.view(this.plan, id);
  }

  /** A copy of a value, to keep. */
  tensor(id: ValueId): Tensor {
    return { data: new Float32Array(this.numbers(id)), shape: [...this.plan.graph.shape(id)] };
  }

  get executor(): Executor {
    return this.#engine.executor;
  }

  /** No other step has had the memory since. */
  get isCurrent(): boolean {
    return this.executor.isActive(this.plan);
  }

  /**
   * Runs the stages `from` to `to`; in training, a forward draws fresh random numbers. Returns false when loss or gradients
   * were not finite, so that nothing was updated.
   */
  run(from: Stage = "forward", to: Stage = from): boolean {
    if (from === "forward" && this.plan.training) this.#engine.randomStep++;
    return this.repeat(from, to);
  }

  /** The same with the random numbers that were last drawn; those of a part of a batch begin at its `first` sample. */
  repeat(from: Stage, to: Stage, first?: number): boolean {
    if (from === "forward") this.#engine.writeRandomKey(first);
    return this.executor.execute(this.plan, from, to);
  }
}

/** A step whose backward stage starts from a gradient of the output. */
export class BackwardStep extends Step<BackwardPlan> {
  get outputGradient(): Float32Array {
    return this.numbers(this.plan.outputGradient);
  }
}

/** A step with a loss. */
export class TrainStep extends Step<TrainPlan> {
  /** Class indices, or numbers, as the plan was asked for. */
  get target(): Float32Array | Int32Array {
    return this.executor.numbers(this.plan, this.plan.target, "f32", "i32");
  }

  /** Weights that the loss reads, where its plan has them; see `Loss.weigh`. */
  get weights(): Float32Array | null {
    const { weights } = this.plan;
    return weights === undefined ? null : this.numbers(weights);
  }

  get targetKind(): TargetKind {
    return this.target instanceof Int32Array ? "indices" : "values";
  }

  /** The mean over the batch. */
  get loss(): number {
    return this.numbers(this.plan.loss)[0];
  }
}

export type StepOf<P extends Plan> = P extends TrainPlan ? TrainStep : P extends BackwardPlan ? BackwardStep : Step<P>;

export function stepOf<P extends Plan>(plan: P, engine: Engine): StepOf<P>;
export function stepOf(plan: Plan, engine: Engine): Step {
  switch (plan.kind) {
    case "train":
      return new TrainStep(plan, engine);
    case "backward":
      return new BackwardStep(plan, engine);
    case "predict":
      return new Step(plan, engine);
  }
}
