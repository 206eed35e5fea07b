/** What a metric is: something that is told the outputs of an evaluation, batch by batch, and has a result. */
import type { Shape } from "../core/shape.js";

/** What outputs and targets mean, as the loss has it. */
export interface MetricFacts {
  /**
   * "classes": scores of classes, of which one is right (crossEntropy); "labels": a logit for each label, each right or not
   * (bceWithLogits); "numbers": values (mse, huber).
   */
  task: "classes" | "labels" | "numbers";
  /** Shape of one output. */
  outputShape: Shape;
  /** Class index of labels that do not count. */
  ignoreIndex?: number | undefined;
}

/** What a loss tells of outputs and targets: in which domain its targets are, and which labels do not count. */
export interface LossFacts extends Pick<MetricFacts, "outputShape" | "ignoreIndex"> {
  domain: "distribution" | "share" | undefined;
}

/** Outputs of the network, row after row, and what was expected. */
export interface MetricBatch {
  /** The first sample's place in the dataset. */
  first: number;
  samples: number;
  /** As the network gives them: logits, where the task is no numbers. */
  outputs: Float32Array;
  /** Class indices, one a row of outputs; or as many numbers as there are outputs. */
  targets: Int32Array | Float32Array;
  /** A weight for each sample, where the dataset has some. */
  weights?: ArrayLike<number> | undefined;
}

/** One evaluation by a metric. */
export interface MetricRun<T = unknown> {
  update(batch: MetricBatch): void;
  result(): T;
}

/** Makes of outputs and targets a number, or several; own ones implement this. */
export interface Metric<Name extends string = string, T = unknown> {
  /** Under which the result stands in `evaluation.metrics`. */
  readonly name: Name;
  /** Whether less or more is better; absent where the result is not one number. */
  readonly mode?: "min" | "max" | undefined;
  start(facts: MetricFacts): MetricRun<T>;
}

/** Results by the names of their metrics. */
export type MetricResults<M extends readonly Metric[]> = {
  readonly [K in M[number] as K["name"]]: K extends Metric<string, infer T> ? T : never;
};

/** What all metrics of this library may be told. */
export interface MetricOptions<Name extends string = string> {
  /** Under which the result stands. Default: what the function is called. */
  name?: Name;
  /** Counts samples by the weights of the dataset. Default false: each once. */
  weighted?: boolean;
}
