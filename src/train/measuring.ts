/** Metrics at work within an evaluation: of this thread, or of a page that a worker tells of outputs. */
import { demanded } from "../core/on-demand.js";
import type { LossFacts, MetricBatch } from "../metrics/metric.js";

export interface Measuring {
  update(batch: MetricBatch): void | Promise<void>;
  results(): Record<string, unknown> | Promise<Record<string, unknown>>;
}

/** Starts the metrics of an evaluation. */
export type StartMeasuring = (facts: LossFacts) => Promise<Measuring>;

/** Starts metrics here. Throws `ArgumentError` on what are none. */
export const measuringHere =
  (where: string, metrics: unknown): StartMeasuring =>
  async (facts) => {
    const { startMetrics } = await demanded(where, import("../metrics/runs.js"));
    return startMetrics(where, metrics, facts);
  };
