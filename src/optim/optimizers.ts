/** Optimisers: immutable descriptions that record one update op for each run of neighbouring parameters. */

import type { KernelArguments, UpdateKernel } from "../abi/records.js";
import { SCALARS } from "../abi/scalars.js";
import { expectOneOf } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { hasMethod } from "../core/keys.js";
import { ipow } from "../core/math.js";
import { flag, float32, list, number, type Option, readOptions, type Schema } from "../core/options.js";
import type { Graph } from "../graph/graph.js";
import { optimizerStep } from "../ops/update.js";
import type { ParameterRun } from "./runs.js";

/** An optimiser: `SGD`, `Adam`, `AdamW`, `RMSprop`, `Adagrad` or `Lion`. */
export interface Optimizer {
  readonly type: string;
  readonly lr: number;
  /** Names of what is kept for each weight, one number each: "velocity", or "m" and "v". */
  readonly state: readonly string[];
  /** Numbers of its own that its kernel reads in a step, after `step` steps have been taken: at most 8. */
  scalars(step: number): Readonly<Record<string, number>>;
  record(graph: Graph, run: ParameterRun): void;
  toJSON(): { type: string; options: object };
}

/**
 * Records an optimiser's kernel over a run of parameters. `state` says which argument of the kernel is which of the
 * optimiser's state, by name; weights, gradients, learning rate and the factor of clipping are given to all.
 */
function recordKernel<K extends UpdateKernel, S extends keyof KernelArguments<K> & string>(
  graph: Graph,
  kernel: K,
  { first, count, lrScale }: ParameterRun,
  state: Readonly<Record<S, string>>,
  args: Omit<KernelArguments<K>, "w" | "g" | "n" | "lr" | "lrScale" | "scale" | S>,
): void {
  graph.add(optimizerStep, [], { kernel, first, count, state, args: { lrScale, ...args } });
}

export interface SGDOptions {
  /** Learning rate. */
  lr: number;
  /** Default 0. */
  momentum?: number;
  /** L2 penalty added to the gradient. Default 0. */
  weightDecay?: number;
  /** Default 0. */
  dampening?: number;
  /** Default false; needs momentum and no dampening. */
  nesterov?: boolean;
}

const sgdSchema = () =>
  ({
    lr: float32(number({ min: 0 })),
    momentum: float32(number({ min: 0, default: 0 })),
    weightDecay: float32(number({ min: 0, default: 0 })),
    dampening: float32(number({ default: 0 })),
    nesterov: flag(false),
  }) satisfies Schema<SGDOptions>;

/**
 * Stochastic gradient descent, exactly as torch.optim.SGD: v = momentum v + (1 - dampening) g, w = w - lr v.
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9, weightDecay: 1e-4 }) });
 */
export class SGD implements Optimizer {
  readonly type = "SGD";
  readonly lr: number;
  readonly state: readonly string[];
  private readonly options: Required<SGDOptions>;

  constructor(options: SGDOptions) {
    this.options = readOptions("SGD", options, sgdSchema);
    const { lr, momentum, dampening, nesterov } = this.options;
    this.lr = lr;
    if (nesterov && (momentum === 0 || dampening !== 0))
      throw new ArgumentError(
        expectation(
          "SGD",
          "nesterov",
          "momentum above 0 and dampening 0",
          `momentum ${momentum}, dampening ${dampening}`,
        ),
      );
    this.state = momentum > 0 ? ["velocity"] : [];
  }

  /** The first velocity is the gradient itself. */
  scalars(step: number) {
    return { dampening: step === 0 ? 0 : this.options.dampening };
  }

  record(graph: Graph, run: ParameterRun): void {
    const { momentum, dampening, nesterov, weightDecay } = this.options;
    const args = {
      momentum,
      dampening: dampening ? SCALARS.own : 0,
      weightDecay: run.weightDecay ?? weightDecay,
      nesterov: Number(nesterov),
    };
    if (momentum > 0) recordKernel(graph, "f32_sgd", run, { v: "velocity" }, args);
    else recordKernel(graph, "f32_sgd", run, {}, { v: 0, ...args });
  }

  toJSON() {
    return { type: this.type, options: this.options };
  }
}

export interface AdamOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number;
  /** Decay rates of the two running means. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Above 0 in float32, as 0 / 0 where a gradient is 0 would be NaN. Default 1e-8. */
  eps?: number;
  /** Default 0 (Adam: L2 penalty) or 0.01 (AdamW: decoupled). */
  weightDecay?: number;
  /** Divides by the largest running mean of squares so far (Reddi et al. 2018), one more number for each weight. Default false. */
  amsgrad?: boolean;
}

const betas =
  (fallback: readonly [number, number]): Option<readonly [number, number], readonly [number, number] | undefined> =>
  (where, name, value = fallback) => {
    const [beta1, beta2] = list(number({ min: 0, max: 1, open: "max" }), "two numbers", 2)(where, name, value);
    return [beta1, beta2];
  };

const adamSchema = (weightDecay: number) => () =>
  ({
    lr: float32(number({ min: 0, default: 1e-3 })),
    betas: betas([0.9, 0.999]),
    eps: float32(number({ min: 0, open: "min", default: 1e-8 })),
    weightDecay: float32(number({ min: 0, default: weightDecay })),
    amsgrad: flag(false),
  }) satisfies Schema<AdamOptions>;

/**
 * Adam (Kingma & Ba 2015), as torch.optim.Adam.
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new Adam({ lr: 1e-3 }) });
 */
export class Adam implements Optimizer {
  readonly type: "Adam" | "AdamW" = "Adam";
  readonly lr: number;
  readonly state: readonly string[];
  protected readonly decoupled: boolean = false;
  private readonly options: Required<AdamOptions>;

  constructor(options?: AdamOptions) {
    this.options = readOptions("Adam", options, adamSchema(0));
    this.lr = this.options.lr;
    this.state = this.options.amsgrad ? ["m", "v", "top"] : ["m", "v"];
  }

  /** What makes up for running means that start from zero. */
  scalars(step: number) {
    const [beta1, beta2] = this.options.betas;
    return { c1: 1 / (1 - ipow(beta1, step + 1)), c2: 1 / Math.sqrt(1 - ipow(beta2, step + 1)) };
  }

  record(graph: Graph, run: ParameterRun): void {
    const {
      betas: [beta1, beta2],
      eps,
      weightDecay,
      amsgrad,
    } = this.options;
    const args = {
      rate1: 1 - beta1,
      rate2: 1 - beta2,
      eps,
      weightDecay: run.weightDecay ?? weightDecay,
      decoupled: Number(this.decoupled),
      correction: SCALARS.own,
    };
    if (amsgrad) recordKernel(graph, "f32_adam", run, { m: "m", v: "v", top: "top" }, args);
    else recordKernel(graph, "f32_adam", run, { m: "m", v: "v" }, { top: 0, ...args });
  }

  /** As checkpoints of before `amsgrad` have it, where it is off. */
  toJSON() {
    const { amsgrad, ...options } = this.options;
    return { type: this.type, options: amsgrad ? this.options : options };
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW.
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new AdamW({ lr: 1e-3, weightDecay: 0.01 }) });
 */
export class AdamW extends Adam {
  override readonly type = "AdamW";
  protected override readonly decoupled = true;

  constructor(options?: AdamOptions) {
    super(readOptions("AdamW", options, adamSchema(0.01)));
  }
}

export interface LionOptions {
  /** Learning rate. Default 1e-4: a third to a tenth of what AdamW would take, as every weight moves by all of it. */
  lr?: number;
  /** Decay rates of the momentum, for the step and for what is kept of it. Default [0.9, 0.99]. */
  betas?: readonly [number, number];
  /** Decoupled; the paper takes 3 to 10 times that of AdamW. Default 0. */
  weightDecay?: number;
}

const lionSchema = () =>
  ({
    lr: float32(number({ min: 0, default: 1e-4 })),
    betas: betas([0.9, 0.99]),
    weightDecay: float32(number({ min: 0, default: 0 })),
  }) satisfies Schema<LionOptions>;

/**
 * Lion (Chen et al. 2023, arXiv:2302.06675), as the paper's reference code: w moves by lr against the sign of
 * beta1 m + (1 - beta1) g, then m = beta2 m + (1 - beta2) g. Keeps one number for each weight where Adam keeps two.
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new Lion({ lr: 1e-4 }) });
 */
export class Lion implements Optimizer {
  readonly type = "Lion";
  readonly lr: number;
  readonly state = ["m"];
  private readonly options: Required<LionOptions>;

  constructor(options?: LionOptions) {
    this.options = readOptions("Lion", options, lionSchema);
    this.lr = this.options.lr;
  }

  scalars() {
    return {};
  }

  record(graph: Graph, run: ParameterRun): void {
    const { betas, weightDecay } = this.options;
    const [rate1, rate2] = betas.map((beta) => 1 - beta);
    const args = { rate1, rate2, weightDecay: run.weightDecay ?? weightDecay };
    recordKernel(graph, "f32_lion", run, { m: "m" }, args);
  }

  toJSON() {
    return { type: this.type, options: this.options };
  }
}

export interface RMSpropOptions {
  /** Learning rate. Default 0.01. */
  lr?: number;
  /** Decay rate of the running mean of squares. Default 0.99. */
  alpha?: number;
  /** Above 0 in float32. Default 1e-8. */
  eps?: number;
  /** L2 penalty added to the gradient. Default 0. */
  weightDecay?: number;
  /** Default 0. */
  momentum?: number;
  /** Divides by the running standard deviation in place of the root of the mean of squares. Default false. */
  centered?: boolean;
}

const rmspropSchema = () =>
  ({
    lr: float32(number({ min: 0, default: 0.01 })),
    alpha: number({ min: 0, max: 1, open: "max", default: 0.99 }),
    eps: float32(number({ min: 0, open: "min", default: 1e-8 })),
    weightDecay: float32(number({ min: 0, default: 0 })),
    momentum: float32(number({ min: 0, default: 0 })),
    centered: flag(false),
  }) satisfies Schema<RMSpropOptions>;

/**
 * RMSprop (Tieleman & Hinton 2012), as torch.optim.RMSprop: v = alpha v + (1 - alpha) g², w = w - lr g / (sqrt(v) + eps).
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new RMSprop({ lr: 1e-3 }) });
 */
export class RMSprop implements Optimizer {
  readonly type = "RMSprop";
  readonly lr: number;
  readonly state: readonly string[];
  private readonly options: Required<RMSpropOptions>;

  constructor(options?: RMSpropOptions) {
    this.options = readOptions("RMSprop", options, rmspropSchema);
    const { lr, centered, momentum } = this.options;
    this.lr = lr;
    this.state = ["v", ...(centered ? ["mean"] : []), ...(momentum > 0 ? ["velocity"] : [])];
  }

  scalars() {
    return {};
  }

  record(graph: Graph, run: ParameterRun): void {
    const { alpha, eps, weightDecay, momentum, centered } = this.options;
    const common = { rate: 1 - alpha, eps, weightDecay: run.weightDecay ?? weightDecay, momentum, initial: 0, sums: 0 };
    const args = { ...common, correction: 0 };
    const [v, a, b] = ["v", "mean", "velocity"];
    if (centered && momentum > 0) recordKernel(graph, "f32_rmsprop", run, { v, a, b }, args);
    else if (centered) recordKernel(graph, "f32_rmsprop", run, { v, a }, { b: 0, ...args });
    else if (momentum > 0) recordKernel(graph, "f32_rmsprop", run, { v, b }, { a: 0, ...args });
    else recordKernel(graph, "f32_rmsprop", run, { v }, { a: 0, b: 0, ...args });
  }

  toJSON() {
    return { type: this.type, options: this.options };
  }
}

export interface AdagradOptions {
  /** Learning rate. Default 0.01. */
  lr?: number;
  /** The rate is divided by 1 + lrDecay * steps taken. Default 0. */
  lrDecay?: number;
  /** L2 penalty added to the gradient. Default 0. */
  weightDecay?: number;
  /** What the sums of squares start from. Default 0. */
  initialAccumulatorValue?: number;
  /** Above 0 in float32. Default 1e-10. */
  eps?: number;
}

const adagradSchema = () =>
  ({
    lr: float32(number({ min: 0, default: 0.01 })),
    lrDecay: number({ min: 0, default: 0 }),
    weightDecay: float32(number({ min: 0, default: 0 })),
    initialAccumulatorValue: float32(number({ min: 0, default: 0 })),
    eps: float32(number({ min: 0, open: "min", default: 1e-10 })),
  }) satisfies Schema<AdagradOptions>;

/**
 * Adagrad (Duchi, Hazan & Singer 2011), as torch.optim.Adagrad: v = v + g², w = w - lr g / (sqrt(v) + eps).
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new Adagrad({ lr: 0.01 }) });
 */
export class Adagrad implements Optimizer {
  readonly type = "Adagrad";
  readonly lr: number;
  readonly state = ["sum"];
  private readonly options: Required<AdagradOptions>;

  constructor(options?: AdagradOptions) {
    this.options = readOptions("Adagrad", options, adagradSchema);
    this.lr = this.options.lr;
  }

  scalars(step: number) {
    return { decay: 1 / (1 + step * this.options.lrDecay) };
  }

  record(graph: Graph, run: ParameterRun): void {
    const { weightDecay, initialAccumulatorValue: initial, eps } = this.options;
    const own = { rate: 1, eps, weightDecay: run.weightDecay ?? weightDecay, momentum: 0, initial, sums: 1 };
    recordKernel(graph, "f32_rmsprop", run, { v: "sum" }, { a: 0, b: 0, ...own, correction: SCALARS.own });
  }

  toJSON() {
    return { type: this.type, options: this.options };
  }
}

const OPTIMIZERS: Record<string, new (options: never) => Optimizer> = { SGD, Adam, AdamW, RMSprop, Adagrad, Lion };

/** Rebuilds an optimiser from `toJSON()`. */
export function optimizerFromJSON(json: unknown): Optimizer {
  const { type, options }: { type?: unknown; options?: unknown } = Object(json);
  const name = expectOneOf("optimizerFromJSON", "optimizer type", type, Object.keys(OPTIMIZERS));
  return new OPTIMIZERS[name](options as never);
}

/** What `isOptimizer` looks for, in words. */
export const AN_OPTIMIZER = "an optimiser, such as new SGD({ lr: 0.1 })";

/** Whether something can stand where an optimiser is asked for. */
export const isOptimizer = (value: unknown): value is Optimizer => hasMethod(value, "scalars");
