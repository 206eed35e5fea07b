/** The methods of trainers, as the worker serves them. */

import { lossFromJSON } from "../nn/losses.js";
import { averageFromJSON } from "../optim/averages.js";
import { optimizerFromJSON } from "../optim/optimizers.js";
import { scheduleFromJSON } from "../optim/schedules.js";
import type { CheckpointOptions } from "../train/checkpoint.js";
import type { EvaluateOptions } from "../train/evaluate.js";
import type { Callback, StepEvent } from "../train/fit.js";
import type { ParameterGroup } from "../train/groups.js";
import type { TrainerOptions } from "../train/options.js";
import { createTrainer, type Trainer } from "../train/trainer.js";
import type {
  CallbackName,
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
  return {
    createTrainer: (_, options) => server.addTrainer(createTrainer(server.model, reviveOptions(options))),
    step: counted((trainer, _, ...batch: Parameters<Trainer["step"]>) => trainer.step(...batch)),
    applyGradients: counted((trainer) => trainer.applyGradients()),
    fit: counted((trainer, context, train: DatasetReference, options: SentFitOptions) => {
      const { validation, callbacks: names, wait, ...rest } = options;
      const dataset = server.find(train, context.ask);
      const held = validation && server.find(validation, context.ask);
      const callbacks = names.length === 0 ? [] : [wait ? asking(names, context) : telling(names, context)];
      const { signal } = context;
      return naming(context, () => trainer.fit(dataset, { ...rest, validation: held, callbacks, signal }));
    }),
    evaluate: counted((trainer, context, dataset: DatasetReference, options: EvaluateOptions) =>
      trainer.evaluate(server.find(dataset, context.ask), { ...options, signal: context.signal }),
    ),
    emaStateDict: counted((trainer) => trainer.emaStateDict()),
    saveTrainer: counted((trainer) => trainer.save()),
    loadTrainer: counted((trainer, context, bytes: Uint8Array | ArrayBuffer, options: CheckpointOptions) =>
      naming(context, async () => {
        const refusal = await trainer.take(bytes, options);
        return refusal && encodeError(refusal);
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

/** Each event waits for the page. */
function asking(names: readonly CallbackName[], { ask }: CallContext): Callback {
  const all: Required<Callback> = {
    onStep: (event) => ask("onStep", event),
    onEpoch: (record) => ask("onEpoch", record),
    onEnd: (history) => ask("onEnd", history),
  };
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** Steps go to the page in groups; all of them arrive before what follows them. */
function telling(names: readonly CallbackName[], { tell }: CallContext): Callback {
  let waiting: StepEvent[] = [];
  let last = performance.now();
  const flush = () => {
    for (const event of waiting) tell("onStep", event);
    waiting = [];
    last = performance.now();
  };
  const callback: Callback = {};
  if (names.includes("onStep"))
    callback.onStep = (event) => {
      waiting.push(event);
      if (performance.now() - last >= REPORT_INTERVAL) flush();
    };
  callback.onEpoch = (record) => {
    flush();
    if (names.includes("onEpoch")) tell("onEpoch", record);
  };
  callback.onEnd = (history) => {
    flush();
    if (names.includes("onEnd")) tell("onEnd", history);
  };
  return callback;
}
