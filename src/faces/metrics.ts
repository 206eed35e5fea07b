/** `resnet-wasm/metrics`: what tells how good a model is. */

export {
  type Average,
  type AverageOptions,
  accuracy,
  confusionMatrix,
  f1,
  precision,
  recall,
  topK,
} from "../metrics/counting.js";
export type { Metric, MetricBatch, MetricFacts, MetricOptions, MetricResults, MetricRun } from "../metrics/metric.js";
export { type Mistake, type MistakesOptions, mistakes } from "../metrics/mistakes.js";
export { averagePrecision, type RankingOptions, rocAuc } from "../metrics/ranking.js";
export { mae, r2, rmse } from "../metrics/regression.js";
export { ece, type ReliabilityBin, type ReliabilityOptions, reliability } from "../metrics/reliability.js";
export {
  type Calibrated,
  type CalibrateOptions,
  type Calibration,
  type CalibrationResult,
  calibrate,
} from "../train/calibrate.js";
export { type Report, type ReportOptions, report } from "../train/report/report.js";
