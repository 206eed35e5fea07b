/** The methods of trainers, as the worker serves them. */

import type { Metric } from "../metrics/metric.js";
import { lossFromJSON } from "../nn/losses.js";
import { averageFromJSON } from "../optim/averages.js";
import { optimizerFromJSON } from "../optim/optimizers.js";
import { scheduleFromJSON } from "../optim/schedules.js";
import type { FitListener, StepEvent, Verdict } from "../train/callback.js";
import type { CallbackStates } from "../train/callback-state.js";
import type { CheckpointOptions } from "../train/checkpoint.js";
import { type EvaluateOptions, evaluate } from "../train/evaluate.js";
import { type FindLearningRateOptions, findLearningRate } from "../train/find-learning-rate.js";
import type { ParameterGroup } from "../train/groups.js";
import type { StartMeasuring } from "../train/measuring.js";
import type { TrainerOptions } from "../train/options.js";
import { createTrainer, type Trainer } from "../train/trainer.js";
import type {
  CallContext,
  Counted,
  DatasetReference,
  Methods,
  SentFitOptions,
  SentGroup,
  SentTrainerOptions,
  Served,
  TrainerCalls,
} from "./calls.js";
import { encodeError } from "./errors.js";
import { revivePattern } from "./patterns.js";

/** Steps are reported together for this long (ms), where the page does not make each wait. */
const REPORT_INTERVAL = 16;

export function trainerMethods(server: Served): Methods<keyof TrainerCalls | "createTrainer"> {
  /** Finds the trainer of a number, and tells its steps with the answer. */
  const counted =
    <A extends unknown[], R>(work: (trainer: Trainer, context: CallContext, ...args: A) => R | Promise<R>) =>
    async (context: CallContext, id: number, ...args: A): Promise<Counted<R>> => {
      const trainer = server.trainer(id);
      return { value: await work(trainer, context, ...args), stepCount: trainer.stepCount };
    };
  /** Tells the page what training has called the model's classes, whatever came of it. */
  const naming = async <R>({ tell }: CallContext, work: () => Promise<R>): Promise<R> => {
    const { classNames } = server.model;
    try {
      return await work();
    } finally {
      if (server.model.classNames !== classNames) tell("classNames", server.model.classNames);
    }
  };
  /** The call of each trainer's last fit. */
  const fits = new WeakMap<Trainer, Pick<CallContext, "ask">>();
  return {
    createTrainer: (_, options) => server.addTrainer(createTrainer(server.model, reviveOptions(options))),
    step: counted((trainer, _, ...batch: Parameters<Trainer["step"]>) => trainer.step(...batch)),
    applyGradients: counted((trainer) => trainer.applyGradients()),
    fit: counted((trainer, context, train: DatasetReference, options: SentFitOptions) => {
      const { validation, steps, metrics, ...rest } = options;
      const dataset = server.find(train, context.ask);
      const held = validation && server.find(validation, context.ask);
      const { signal } = context;
      // Their names tell what may be watched; the page starts them.
      const settings = { ...rest, validation: held, metrics: metrics as readonly Metric[], signal };
      const fitting = fits.get(trainer) ?? { ask: context.ask };
      fitting.ask = context.ask;
      fits.set(trainer, fitting);
      const listener = { ...remoteListener(trainer, steps, context), measure: measuringThere(fitting) };
      return naming(context, () => trainer.fitFor(dataset, settings, async () => listener));
    }),
    evaluate: counted((trainer, context, dataset: DatasetReference, options: EvaluateOptions, measures: boolean) => {
      const settings = { ...options, signal: context.signal };
      const start = measures ? measuringThere(context) : undefined;
      return evaluate(trainer, server.find(dataset, context.ask), settings, start);
    }),
    findLearningRate: counted((trainer, { signal, ask }, dataset: DatasetReference, options: FindLearningRateOptions) =>
      findLearningRate(trainer, server.find(dataset, ask), { ...options, signal }),
    ),
    emaStateDict: counted((trainer) => trainer.emaStateDict()),
    saveTrainer: counted((trainer, _, states: CallbackStates) => {
      trainer.callbackStates = () => states;
      return trainer.save();
    }),
    loadTrainer: counted((trainer, context, bytes: Uint8Array | ArrayBuffer, options: CheckpointOptions) =>
      naming(context, async () => {
        const refusal = await trainer.restore(bytes, options);
        return refusal ? { refusal: encodeError(refusal) } : { states: trainer.callbackStates() };
      }),
    ),
  };
}

function reviveOptions({ loss, optimizer, schedule, ema, groups, ...rest }: SentTrainerOptions): TrainerOptions {
  const revived: TrainerOptions = { ...rest, optimizer: optimizerFromJSON(optimizer) };
  if (loss !== undefined) revived.loss = lossFromJSON(loss);
  if (schedule !== undefined) revived.schedule = scheduleFromJSON(schedule);
  if (ema !== undefined) revived.ema = typeof ema === "number" ? ema : averageFromJSON(ema);
  if (groups !== undefined) revived.groups = groups.map(reviveGroup);
  return revived;
}

function reviveGroup(group: SentGroup): ParameterGroup {
  return { ...group, match: revivePattern(group?.match) };
}

/** The metrics of a page, asked by the call that is at work then: a validation may go on in a later one. */
const measuringThere =
  (call: Pick<CallContext, "ask">): StartMeasuring =>
  async (facts) => {
    await call.ask("measure", facts);
    return { update: (batch) => call.ask("measureBatch", batch), results: () => call.ask("measured", undefined) };
  };

/** The callbacks of a page. Those steps that it does not wait for go there in groups, and arrive before what follows them. */
function remoteListener(
  trainer: Trainer,
  steps: SentFitOptions["steps"],
  { ask, tell }: CallContext,
): Omit<FitListener, "measure"> {
  const count = <T>(value: T): Counted<T> => ({ value, stepCount: trainer.stepCount });
  let waiting: Counted<StepEvent>[] = [];
  let last = performance.now();
  let verdict: Verdict = { stop: false, lrScale: 1 };
  const flush = () => {
    for (const event of waiting) tell("onStep", event);
    waiting = [];
    last = performance.now();
  };
  return {
    async begin(facts) {
      verdict = await ask("onBegin", count(facts));
      return verdict;
    },
    async step(event) {
      if (steps === "asked") verdict = await ask("onStep", count(event));
      else if (steps === "told") {
        waiting.push(count(event));
        if (performance.now() - last >= REPORT_INTERVAL) flush();
      }
      return verdict;
    },
    async epoch(record) {
      flush();
      verdict = await ask("onEpoch", count(record));
      return verdict;
    },
    async end(history) {
      flush();
      await ask("onEnd", count(history));
    },
    async close() {},
  };
}
