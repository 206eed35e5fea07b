/** Checks a model's backward pass against finite differences of its forward pass. */
import { lookUp } from "../core/look-up.js";
import { as, integer, positive, readOptions, type Schema } from "../core/options.js";
import { Philox } from "../core/random.js";
import { numel } from "../core/shape.js";
import type { TensorLike } from "../core/tensor.js";
import { expectModel } from "./expect-model.js";
import { fillInput, toInput } from "./input.js";
import type { Model } from "./model.js";
import { writeParameter } from "./state.js";

export interface GradcheckOptions {
  /** Inputs to check at. Default: 4 random samples. */
  x?: TensorLike;
  /** Longest step along the random direction. Default 1e-2. */
  eps?: number;
  /** Allowed relative error. Default 2e-2: forward passes are in float32. */
  rtol?: number;
  /** Decides inputs and directions. Default 0. */
  seed?: number;
}

const schema = () =>
  ({
    x: as<TensorLike | undefined>(),
    eps: positive(1e-2),
    rtol: positive(2e-2),
    seed: integer({ max: Number.MAX_SAFE_INTEGER, default: 0 }),
  }) satisfies Schema<GradcheckOptions>;

/** The derivative along one random direction, both ways. */
export interface GradcheckEntry {
  /** The parameter's name, or "input". */
  name: string;
  /** From `backward`. */
  analytic: number;
  /** From finite differences of `forward`. */
  numeric: number;
  relativeError: number;
}

/** What `gradcheck` found; `ok` when every relative error is within `rtol`. */
export interface GradcheckReport {
  ok: boolean;
  entries: GradcheckEntry[];
}

/** A kink (ReLU) between the two points spoils a long step, rounding a short one; a wrong gradient spoils all. */
const STEPS = [1, 1 / 8, 1 / 64];

/**
 * For each parameter and the input: the derivative of L = Σ c · y, with random c, along one random direction d of length
 * 1, from `backward` (⟨dL, d⟩) and from (L(+eps d) - L(-eps d)) / 2 eps. In evaluation mode; the weights are left as
 * they were. The best of three step lengths counts.
 *
 * @example
 * const { ok, entries } = gradcheck(model);
 */
export function gradcheck(model: Model, options?: GradcheckOptions): GradcheckReport {
  expectModel("gradcheck", model);
  model.network.outputs?.()?.refuse("gradcheck");
  const { eps, rtol, seed, ...given } = readOptions("gradcheck", options, schema);
  const random = new Philox(seed, 0);
  const normals = (n: number) => Float32Array.from({ length: n }, () => random.normal());
  const { engine } = model;
  const { inputShape, parameters } = engine.description;
  const x = given.x === undefined ? normals(4 * numel(inputShape)) : numbersOf(model, given.x);
  const c = normals((x.length / numel(inputShape)) * numel(model.outputShape));
  const loss = (input: Float32Array) => dot(model.forward(input).data, c);

  const scale = Math.abs(loss(x)) + norm(c);
  const dx = model.backward(c).data;
  const gradients = model.gradients();
  const state = model.stateDict();
  const entries: GradcheckEntry[] = [];
  const compare = (name: string, gradient: Float32Array, at: (offset: Float32Array | null, sign: number) => number) => {
    const direction = unit(normals(gradient.length));
    const analytic = dot(gradient, direction);
    const size = Math.max(Math.abs(analytic), norm(gradient) / Math.sqrt(gradient.length), 1e-12);
    const tries = STEPS.map((factor) => {
      const step = eps * factor;
      const numeric = (at(direction, step) - at(direction, -step)) / (2 * step);
      // Rounding of the forward passes: a few float32 ulps of the loss, over twice the step.
      const noise = (scale * 1e-6) / step;
      const error = Math.max(0, Math.abs(analytic - numeric) - noise);
      return { name, analytic, numeric, relativeError: error / size };
    });
    at(null, 0);
    entries.push(tries.reduce((best, next) => (next.relativeError < best.relativeError ? next : best)));
  };
  for (const parameter of parameters) {
    const weights = lookUp(state, parameter.name).data;
    compare(parameter.name, lookUp(gradients, parameter.name).data, (direction, step) => {
      const moved = direction ? weights.map((w, i) => w + step * direction[i]) : weights;
      writeParameter(engine, parameter, "parameters", moved);
      engine.executor.weightsVersion++;
      return direction ? loss(x) : 0;
    });
  }
  compare("input", dx, (direction, step) => (direction ? loss(x.map((v, i) => v + step * direction[i])) : 0));
  return { ok: entries.every(({ relativeError }) => relativeError <= rtol), entries };
}

function numbersOf(model: Model, x: TensorLike): Float32Array {
  const { data } = toInput("gradcheck", x, model);
  const numbers = new Float32Array(data.length);
  fillInput(numbers, data);
  return numbers;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};
const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));
const unit = (a: Float32Array): Float32Array => {
  const length = norm(a);
  return a.map((v) => v / length);
};
