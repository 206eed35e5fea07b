import { expectNumber, expectOneOf, expectOptions } from "../core/check.js";
import type { Activation, ActivationKind } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { activation } from "../ops/elementwise.js";
import { softmax } from "../ops/loss.js";
import { Layer } from "./layer.js";

/** An elementwise nonlinearity. Residual and the ready-made blocks take one as `activation`. */
export abstract class ActivationLayer extends Layer {
  abstract readonly activation: Activation;

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.op(activation, [x], this.activation)[0];
  }
}

const plain = (kind: ActivationKind): Activation => ({ kind, param: 0 });

/** max(0, x); NaN stays NaN. */
export class ReLU extends ActivationLayer {
  readonly type = "ReLU";
  readonly activation = plain("relu");
}

/** x for x > 0, otherwise `negativeSlope` x (default 0.01; must be above 0, because the backward pass reads the sign of the output). */
export class LeakyReLU extends ActivationLayer {
  readonly type = "LeakyReLU";
  readonly activation: Activation;

  constructor(options?: { negativeSlope?: number }) {
    super();
    const { negativeSlope = 0.01 } = expectOptions("LeakyReLU", options, ["negativeSlope"]);
    this.activation = {
      kind: "leakyRelu",
      param: expectNumber("LeakyReLU", "negativeSlope", negativeSlope, 0, Infinity, "both"),
    };
  }

  protected override args(): unknown[] {
    return [{ negativeSlope: this.activation.param }];
  }
}

/** x Φ(x) (Hendrycks & Gimpel 2016), by erf or, with `approximate: "tanh"`, by its tanh approximation. */
export class GELU extends ActivationLayer {
  readonly type = "GELU";
  readonly activation: Activation;

  constructor(options?: { approximate?: "none" | "tanh" }) {
    super();
    const { approximate = "none" } = expectOptions("GELU", options, ["approximate"]);
    this.activation = plain(
      expectOneOf("GELU", "approximate", approximate, ["none", "tanh"]) === "tanh" ? "geluTanh" : "gelu",
    );
  }

  protected override args(): unknown[] {
    return [{ approximate: this.activation.kind === "gelu" ? "none" : "tanh" }];
  }
}

/** x sigmoid(x), also known as swish. */
export class SiLU extends ActivationLayer {
  readonly type = "SiLU";
  readonly activation = plain("silu");
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends ActivationLayer {
  readonly type = "Sigmoid";
  readonly activation = plain("sigmoid");
}

export class Tanh extends ActivationLayer {
  readonly type = "Tanh";
  readonly activation = plain("tanh");
}

/** x for x > 0, otherwise alpha (exp(x) - 1) (default alpha 1; must be above 0). */
export class ELU extends ActivationLayer {
  readonly type = "ELU";
  readonly activation: Activation;

  constructor(options?: { alpha?: number }) {
    super();
    const { alpha = 1 } = expectOptions("ELU", options, ["alpha"]);
    this.activation = { kind: "elu", param: expectNumber("ELU", "alpha", alpha, 0, Infinity, "both") };
  }

  protected override args(): unknown[] {
    return [{ alpha: this.activation.param }];
  }
}

/** x clamp(x + 3, 0, 6) / 6 (Howard et al. 2019). */
export class Hardswish extends ActivationLayer {
  readonly type = "Hardswish";
  readonly activation = plain("hardswish");
}

abstract class RowSoftmax extends Layer {
  abstract readonly log: boolean;

  constructor(options?: { dim?: -1 }) {
    super();
    expectNumber("Softmax", "dim", expectOptions("Softmax", options, ["dim"]).dim ?? -1, -1, -1);
  }

  protected args(): unknown[] {
    return [];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.op(softmax, [x], { log: this.log })[0];
  }
}

/** exp(x_j) / sum_i exp(x_i) over the last dimension. `crossEntropy` takes logits: do not put a Softmax before it. */
export class Softmax extends RowSoftmax {
  readonly type = "Softmax";
  readonly log = false;
}

/** The logarithm of Softmax, computed without leaving the range of float32. */
export class LogSoftmax extends RowSoftmax {
  readonly type = "LogSoftmax";
  readonly log = true;
}
