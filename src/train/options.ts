/** What `createTrainer` is told. */
import { hasMethod } from "../core/keys.js";
import { checked, flag, float32, integer, number, optional, readOptions, type Schema } from "../core/options.js";
import { isLoss, type Loss } from "../nn/losses.js";
import type { Average } from "../optim/averages.js";
import { AN_OPTIMIZER, isOptimizer, type Optimizer } from "../optim/optimizers.js";
import { constant, isSchedule, type Schedule } from "../optim/schedules.js";
import { type ParameterGroup, parameterGroups } from "./groups.js";

/** How a model is trained. */
export interface TrainerOptions {
  /**
   * What `step` and `fit` minimise and `evaluate` tells. Without one the trainer serves a loss of your own: by
   * `model.forward`, `model.backward` and `trainer.applyGradients`.
   */
  loss?: Loss;
  /** How weights follow gradients. */
  optimizer: Optimizer;
  /** Default `constant()`. */
  schedule?: Schedule;
  /** Scales all gradients down so that their common norm is at most this. Default: no clipping. */
  clipGradNorm?: number;
  /** Keeps an average of the weights: an exponential moving one with this decay, or what `ema` or `swa` says. Default: none. */
  ema?: number | Average;
  /**
   * Parts in which a batch passes through the network, so that it may be larger than memory: a step of `fit` takes this many
   * batches of `batchSize`, `step` cuts what it is given. The loss is divided by the weight of the whole batch, dropout draws
   * what it would draw for it. BatchNorm normalises each part by itself, and its running statistics follow part after part.
   * Default 1.
   */
  accumulate?: number;
  /** Parameters with a learning rate or weight decay of their own. */
  groups?: readonly ParameterGroup[];
  /** Whether weight decay also applies to biases and normalisations. Default true, as in PyTorch. */
  decayNormsAndBiases?: boolean;
}

const decay = () => optional(number({ min: 0, max: 1, open: "max" }));

const isAverage = (value: unknown): value is Average => hasMethod(value, "rate") && hasMethod(value, "toJSON");

const schema = () =>
  ({
    loss: optional(checked("crossEntropy(), mse(), bceWithLogits() or huber()", isLoss)),
    optimizer: checked(AN_OPTIMIZER, isOptimizer),
    schedule: optional(checked("a schedule", isSchedule), constant()),
    clipGradNorm: optional(float32(number({ min: 0, open: "both" }))),
    ema: (where, name, value) => (isAverage(value) ? value : decay()(where, name, value)),
    accumulate: integer({ min: 1, default: 1 }),
    groups: parameterGroups,
    decayNormsAndBiases: flag(true),
  }) satisfies Schema<TrainerOptions>;

export const readTrainerOptions = (given: unknown) => readOptions("createTrainer", given, schema);
