/** A batch that passes through the network in parts, whose gradients are added up in their order. */
import type { Engine } from "../model/engine.js";
import type { TrainStep } from "../model/step.js";

/**
 * Each part leaves its gradients of the loss divided by `total`, which follows from the shape of the whole batch alone; what the
 * loss is to be divided by, the sum of the weights, is known after the last part. So a part can be computed anywhere: what is
 * added up are its gradients, its loss, its weight and, in BatchNorm's buffers, its statistics.
 */
export class Accumulation {
  readonly #engine: Engine;
  readonly #total: number;
  /** Running statistics and the counter of random numbers as they were, or, after `swap`, as they are. */
  #buffers: readonly Float32Array[] = [];
  #randomStep: number;
  /** Samples, loss and weight of the parts so far. */
  samples = 0;
  loss = 0;
  weight = 0;

  constructor(engine: Engine, total: number) {
    this.#engine = engine;
    this.#total = total;
    this.#randomStep = engine.randomStep;
    this.swap();
    engine.randomStep++;
    engine.executor.regionView("sum").fill(0);
  }

  /** Exchanges what the parts have changed with what it was before the first of them. */
  swap(): void {
    const engine = this.#engine;
    const { executor, description, randomStep } = engine;
    this.#buffers = description.buffers.map(({ name }, i) => {
      const view = executor.bufferView(name);
      const values = view.slice();
      view.set(this.#buffers[i] ?? values);
      return values;
    });
    engine.randomStep = this.#randomStep;
    this.#randomStep = randomStep;
    executor.weightsVersion++;
  }

  /** Runs a part whose input, target and weights are in place. Returns false where loss or gradients are not finite. */
  add(step: TrainStep, weight: number): boolean {
    const { scalars } = this.#engine.executor;
    scalars.set("total", this.#total);
    scalars.set("status", 0);
    if (!step.repeat("forward", "update", this.samples)) return false;
    this.loss += step.loss;
    this.weight += weight;
    this.samples += step.plan.batchSize;
    return true;
  }

  /** Puts loss and gradients of the whole batch in their places. */
  finish(): void {
    const { executor } = this.#engine;
    const factor = this.#total / (this.weight || this.#total);
    const gradients = executor.regionView("gradients");
    gradients.set(executor.regionView("sum"));
    if (factor !== 1) for (let i = 0; i < gradients.length; i++) gradients[i] *= factor;
    this.loss *= factor;
  }
}
