/** Activations as layers. */
import { checked, oneOf, optional, positive, readOptions, type Schema } from "../core/options.js";
import type { Activation } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { Layer } from "./layer.js";
import { ActivationLayer, plain } from "./relu.js";

export interface LeakyReLUOptions {
  /** Of the line below 0; above 0, because the backward pass reads the sign of the output. Default 0.01. */
  negativeSlope?: number;
}

/**
 * x for x > 0, otherwise `negativeSlope` x (default 0.01).
 *
 * @example
 * new Sequential(new Linear(4, 8), new LeakyReLU({ negativeSlope: 0.1 }));
 */
export class LeakyReLU extends ActivationLayer {
  readonly type = "LeakyReLU";
  readonly activation: Activation;

  constructor(options?: LeakyReLUOptions) {
    super();
    const schema = () => ({ negativeSlope: positive(0.01) }) satisfies Schema<LeakyReLUOptions>;
    this.activation = { kind: "leakyRelu", param: readOptions("LeakyReLU", options, schema).negativeSlope };
  }

  protected override args(): unknown[] {
    return [{ negativeSlope: this.activation.param }];
  }
}

export interface GELUOptions {
  /** By erf (`"none"`, the default) or by a formula with tanh. */
  approximate?: "none" | "tanh";
}

/**
 * x Φ(x) (Hendrycks & Gimpel 2016), by erf or, with `approximate: "tanh"`, by its tanh approximation.
 *
 * @example
 * new Sequential(new Linear(4, 8), new GELU());
 */
export class GELU extends ActivationLayer {
  readonly type = "GELU";
  readonly activation: Activation;

  constructor(options?: GELUOptions) {
    super();
    const schema = () => ({ approximate: oneOf(["none", "tanh"], "none") }) satisfies Schema<GELUOptions>;
    this.activation = plain(readOptions("GELU", options, schema).approximate === "tanh" ? "geluTanh" : "gelu");
  }

  protected override args(): unknown[] {
    return [{ approximate: this.activation.kind === "gelu" ? "none" : "tanh" }];
  }
}

/**
 * x sigmoid(x), also known as swish.
 *
 * @example
 * new Sequential(new Linear(4, 8), new SiLU());
 */
export class SiLU extends ActivationLayer {
  readonly type = "SiLU";
  readonly activation = plain("silu");
}

/**
 * 1 / (1 + exp(-x)).
 *
 * @example
 * new Sequential(new Linear(4, 8), new Sigmoid());
 */
export class Sigmoid extends ActivationLayer {
  readonly type = "Sigmoid";
  readonly activation = plain("sigmoid");
}

/**
 * (e^x - e^-x) / (e^x + e^-x).
 *
 * @example
 * new Sequential(new Linear(4, 8), new Tanh());
 */
export class Tanh extends ActivationLayer {
  readonly type = "Tanh";
  readonly activation = plain("tanh");
}

export interface ELUOptions {
  /** The limit below 0 is -alpha; above 0. Default 1. */
  alpha?: number;
}

/**
 * x for x > 0, otherwise alpha (exp(x) - 1) (default alpha 1).
 *
 * @example
 * new Sequential(new Linear(4, 8), new ELU({ alpha: 1 }));
 */
export class ELU extends ActivationLayer {
  readonly type = "ELU";
  readonly activation: Activation;

  constructor(options?: ELUOptions) {
    super();
    const schema = () => ({ alpha: positive(1) }) satisfies Schema<ELUOptions>;
    this.activation = { kind: "elu", param: readOptions("ELU", options, schema).alpha };
  }

  protected override args(): unknown[] {
    return [{ alpha: this.activation.param }];
  }
}

/**
 * x clamp(x + 3, 0, 6) / 6 (Howard et al. 2019).
 *
 * @example
 * new Sequential(new Linear(4, 8), new Hardswish());
 */
export class Hardswish extends ActivationLayer {
  readonly type = "Hardswish";
  readonly activation = plain("hardswish");
}

/**
 * clamp(x, 0, 6) (Sandler et al. 2018, arXiv:1801.04381). The gradient is 0 at both bounds, as in PyTorch.
 *
 * @example
 * new Sequential(new Linear(4, 8), new ReLU6());
 */
export class ReLU6 extends ActivationLayer {
  readonly type = "ReLU6";
  readonly activation = plain("relu6");
}

/**
 * clamp(x + 3, 0, 6) / 6 (Howard et al. 2019). The gradient is 0 at both bounds, as in PyTorch.
 *
 * @example
 * new Sequential(new Linear(4, 8), new Hardsigmoid());
 */
export class Hardsigmoid extends ActivationLayer {
  readonly type = "Hardsigmoid";
  readonly activation = plain("hardsigmoid");
}

/**
 * x tanh(softplus(x)) (Misra 2019, arXiv:1908.08681).
 *
 * @example
 * new Sequential(new Linear(4, 8), new Mish());
 */
export class Mish extends ActivationLayer {
  readonly type = "Mish";
  readonly activation = plain("mish");
}

export interface SoftplusOptions {
  /** How sharply it bends; above 0. Default 1. */
  beta?: number;
}

/**
 * ln(1 + exp(beta x)) / beta (default beta 1), without leaving the range of float32.
 *
 * @example
 * new Sequential(new Linear(4, 8), new Softplus());
 */
export class Softplus extends ActivationLayer {
  readonly type = "Softplus";
  readonly activation: Activation;

  constructor(options?: SoftplusOptions) {
    super();
    const schema = () => ({ beta: positive(1) }) satisfies Schema<SoftplusOptions>;
    this.activation = { kind: "softplus", param: readOptions("Softplus", options, schema).beta };
  }

  protected override args(): unknown[] {
    return [{ beta: this.activation.param }];
  }
}

export interface SoftmaxOptions {
  /** The last dimension, the only one there is a kernel for. Default -1. */
  dim?: -1;
}

const softmaxSchema = () =>
  ({
    dim: optional(checked("-1, the last dimension", (value): value is -1 => value === -1)),
  }) satisfies Schema<SoftmaxOptions>;

/**
 * exp(x_j) / sum_i exp(x_i) over the last dimension. `crossEntropy` takes logits: do not put a Softmax before it.
 *
 * @example
 * new Sequential(new Linear(4, 3), new Softmax());
 */
export class Softmax extends Layer {
  readonly type = "Softmax";

  constructor(options?: SoftmaxOptions) {
    super();
    readOptions("Softmax", options, softmaxSchema);
  }

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.softmax(x);
  }
}

/**
 * The logarithm of Softmax, computed without leaving the range of float32.
 *
 * @example
 * new Sequential(new Linear(4, 3), new LogSoftmax());
 */
export class LogSoftmax extends Layer {
  readonly type = "LogSoftmax";

  constructor(options?: SoftmaxOptions) {
    super();
    readOptions("LogSoftmax", options, softmaxSchema);
  }

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.logSoftmax(x);
  }
}
