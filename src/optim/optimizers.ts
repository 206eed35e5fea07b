/** Optimisers: immutable descriptions that record one update op for each run of neighbouring parameters. */
import { expectBoolean, expectNumber, expectOneOf, expectOptions } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import type { Graph } from "../graph/graph.js";

/** Parameters `first` to `first + count - 1` of the network, with their own learning-rate factor and weight decay. */
export interface Run {
  first: number;
  count: number;
  lrScale: number;
  /** Overrides the optimiser's own. */
  weightDecay?: number;
}

/** An optimiser: `SGD`, `Adam` or `AdamW`. */
export interface Optimizer {
  readonly type: string;
  readonly lr: number;
  /** How many numbers the optimiser keeps for each weight. */
  readonly states: 0 | 1 | 2;
  /** The decay rates whose powers correct Adam's bias; 0 elsewhere. */
  readonly betas: readonly [number, number];
  readonly dampening: number;
  record(graph: Graph, run: Run): void;
  toJSON(): { type: string; options: object };
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

/** Stochastic gradient descent, exactly as torch.optim.SGD: v = momentum v + (1 - dampening) g, w = w - lr v. */
export class SGD implements Optimizer {
  readonly type = "SGD";
  readonly lr: number;
  readonly states: 0 | 1;
  readonly betas = [0, 0] as const;
  readonly dampening: number;
  readonly #options: Required<SGDOptions>;

  constructor(options: SGDOptions) {
    const known = ["lr", "momentum", "weightDecay", "dampening", "nesterov"] as const;
    const { lr, momentum = 0, weightDecay = 0, dampening = 0, nesterov = false } = expectOptions("SGD", options, known);
    this.lr = expectNumber("SGD", "lr", lr, 0);
    this.#options = {
      lr,
      momentum: expectNumber("SGD", "momentum", momentum, 0),
      weightDecay: expectNumber("SGD", "weightDecay", weightDecay, 0),
      dampening: expectNumber("SGD", "dampening", dampening),
      nesterov: expectBoolean("SGD", "nesterov", nesterov),
    };
    if (nesterov && (momentum === 0 || dampening !== 0))
      throw new ArgumentError(
        expectation(
          "SGD",
          "nesterov",
          "momentum above 0 and dampening 0",
          `momentum ${momentum}, dampening ${dampening}`,
        ),
      );
    this.dampening = dampening;
    this.states = momentum > 0 ? 1 : 0;
  }

  record(graph: Graph, { weightDecay, ...run }: Run): void {
    const { momentum, dampening, nesterov, weightDecay: own } = this.#options;
    graph.add("sgd", [], { ...run, momentum, dampening, nesterov, weightDecay: weightDecay ?? own }, "optimizer");
  }

  toJSON() {
    return { type: this.type, options: this.#options };
  }
}

export interface AdamOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number;
  /** Decay rates of the two running means. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Default 1e-8. */
  eps?: number;
  /** Default 0 (Adam: L2 penalty) or 0.01 (AdamW: decoupled). */
  weightDecay?: number;
}

const ADAM_OPTIONS = ["lr", "betas", "eps", "weightDecay"] as const;

/** Adam (Kingma & Ba 2015), as torch.optim.Adam. */
export class Adam implements Optimizer {
  readonly type: "Adam" | "AdamW" = "Adam";
  readonly lr: number;
  readonly states = 2;
  readonly betas: readonly [number, number];
  readonly dampening = 0;
  protected readonly decoupled: boolean = false;
  readonly #options: Required<AdamOptions>;

  constructor(options?: AdamOptions) {
    const {
      lr = 1e-3,
      betas = [0.9, 0.999],
      eps = 1e-8,
      weightDecay = 0,
    } = expectOptions("Adam", options, ADAM_OPTIONS);
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new ArgumentError(expectation("Adam", "betas", "two numbers", betas));
    betas.forEach((beta, i) => {
      expectNumber("Adam", `betas[${i}]`, beta, 0, 1, "max");
    });
    this.lr = expectNumber("Adam", "lr", lr, 0);
    this.betas = [betas[0], betas[1]];
    expectNumber("Adam", "eps", eps, 0);
    expectNumber("Adam", "weightDecay", weightDecay, 0);
    this.#options = { lr, betas: this.betas, eps, weightDecay };
  }

  record(graph: Graph, { weightDecay, ...run }: Run): void {
    const {
      betas: [beta1, beta2],
      eps,
      weightDecay: own,
    } = this.#options;
    const { decoupled } = this;
    graph.add("adam", [], { ...run, beta1, beta2, eps, weightDecay: weightDecay ?? own, decoupled }, "optimizer");
  }

  toJSON() {
    return { type: this.type, options: this.#options };
  }
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW. */
export class AdamW extends Adam {
  override readonly type = "AdamW";
  protected override readonly decoupled = true;

  constructor(options?: AdamOptions) {
    super({ weightDecay: 0.01, ...expectOptions("AdamW", options, ADAM_OPTIONS) });
  }
}

const OPTIMIZERS = { SGD, Adam, AdamW };

/** Rebuilds an optimiser from `toJSON()`. */
export function optimizerFromJSON(json: unknown): Optimizer {
  const { type, options } = (json ?? {}) as { type?: unknown; options?: object };
  const names = Object.keys(OPTIMIZERS) as (keyof typeof OPTIMIZERS)[];
  return new OPTIMIZERS[expectOneOf("optimizerFromJSON", "optimizer type", type as string, names)](
    options as SGDOptions,
  );
}
