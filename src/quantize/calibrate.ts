/** Passes calibration data through a network and gathers, for each product, its folded weights and the numbers of its inputs. */

import { numel, type Shape } from "../core/shape.js";
import type { Engine } from "../model/engine.js";
import { fillInput } from "../model/input.js";
import type { Step } from "../model/step.js";
import { Histogram } from "./histogram.js";
import type { Observed, Seen } from "./observed.js";
import type { Product } from "./record.js";

/** What calibration found of a product. */
export interface Finding {
  product: Product;
  /** Folded, as they stand in memory. */
  weight: Float32Array;
  bias: Float32Array;
  /** In memory: [out, in] or OHWI. */
  shape: Shape;
  /** Of one sample. */
  x: Shape;
  y: Shape;
  macs: number;
  histogram: Histogram;
}

/** Bytes that the values of a batch may take, all of which are kept to be looked at. */
const KEPT_BYTES = 256 * 2 ** 20;
const MOST_SAMPLES = 32;

/** Samples that are looked at at a time. */
export function calibrationBatch(engine: Engine): number {
  const { arena } = engine.plan({ batchSize: 1, training: false, backward: "none", keepAll: true });
  return Math.max(1, Math.min(MOST_SAMPLES, Math.floor(KEPT_BYTES / arena.bytes)));
}

/** Looks at the products of an `Observed` network, batch by batch. */
export class Calibration {
  readonly #engine: Engine;
  readonly #network: Observed;
  readonly findings = new Map<string, Finding>();

  constructor(engine: Engine, network: Observed) {
    this.#engine = engine;
    this.#network = network;
  }

  /** Runs `n` samples and gives a copy of their outputs. */
  take(x: ArrayLike<number>, n: number): Float32Array {
    const step = this.#engine.step({ batchSize: n, training: false, backward: "none", keepAll: true });
    fillInput(step.input, x);
    step.run();
    for (const seen of this.#network.seen(step.plan.graph)) {
      const { name } = seen.product;
      const finding = this.findings.get(name) ?? find(step, seen);
      this.findings.set(name, finding);
      finding.histogram.add(step.numbers(seen.x), name);
    }
    return step.output.slice();
  }
}

function find(step: Step, { product, x, y, weight, bias }: Seen): Finding {
  const { graph, batchSize } = step.plan;
  const [shape, xShape, yShape] = [weight, x, y].map((id) => graph.shape(id));
  const [out] = shape;
  return {
    ...{
      product,
      shape,
      weight: step.numbers(weight).slice(),
      macs: (numel(yShape) * numel(shape.slice(1))) / batchSize,
    },
    bias: bias === undefined ? new Float32Array(out) : step.numbers(bias).slice(),
    ...{ x: [1, ...xShape.slice(1)], y: [1, ...yShape.slice(1)], histogram: new Histogram() },
  };
}
