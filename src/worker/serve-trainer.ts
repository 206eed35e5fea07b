/** The methods of trainers, as the worker serves them. */

import { lossFromJSON } from "../nn/losses.js";
import { optimizerFromJSON } from "../optim/optimizers.js";
import { scheduleFromJSON } from "../optim/schedules.js";
import type { Callback, FitOptions } from "../train/fit.js";
import type { ParameterGroup } from "../train/groups.js";
import type { Labels } from "../train/labels.js";
import type { TrainerOptions } from "../train/options.js";
import { createTrainer, type Trainer } from "../train/trainer.js";
import type { CallContext, Method, Served } from "./context.js";
import { findDataset } from "./make-dataset.js";
import type { DatasetReference } from "./send-dataset.js";

/** Steps are reported together for this long (ms), where the page does not make each wait. */
const REPORT_INTERVAL = 16;

type SentGroup = Omit<ParameterGroup, "match"> & { match: RegExp | string[] };

interface SentFitOptions extends Omit<FitOptions, "validation" | "callbacks" | "signal"> {
  validation?: DatasetReference;
  callbacks: (keyof Callback)[];
  wait: boolean;
}

export function trainerMethods(server: Served): Record<string, Method> {
  const method =
    (work: (trainer: Trainer, context: CallContext, ...args: never[]) => unknown): Method =>
    async (context, id: number, ...args: never[]) => {
      const trainer = server.trainer(id);
      return { value: await work(trainer, context, ...args), stepCount: trainer.stepCount };
    };
  const find = (id: number) => server.dataset(id);
  return {
    createTrainer: (_, options: Record<keyof TrainerOptions, unknown>) =>
      server.addTrainer(createTrainer(server.model, reviveOptions(options))),
    step: method((trainer, _, x: never, labels: Labels) => trainer.step(x, labels)),
    applyGradients: method((trainer) => trainer.applyGradients()),
    fit: method((trainer, context, train: DatasetReference, options: SentFitOptions) => {
      const { validation, callbacks: names, wait, ...rest } = options;
      const dataset = findDataset(train, find, context.ask);
      const held = validation && findDataset(validation, find, context.ask);
      const callbacks = names.length === 0 ? [] : [wait ? asking(names, context) : telling(names, context)];
      return trainer.fit(dataset, { ...rest, validation: held, callbacks, signal: context.signal });
    }),
    evaluate: method((trainer, context, dataset: DatasetReference, options: object) =>
      trainer.evaluate(findDataset(dataset, find, context.ask), { ...options, signal: context.signal }),
    ),
    emaStateDict: method((trainer) => trainer.emaStateDict()),
    saveTrainer: method((trainer) => trainer.save()),
    loadTrainer: method((trainer, _, bytes: Uint8Array) => trainer.load(bytes)),
  };
}

function reviveOptions({ loss, optimizer, schedule, groups, ...rest }: Record<string, unknown>): TrainerOptions {
  const revived: TrainerOptions = { ...rest, optimizer: optimizerFromJSON(optimizer) };
  if (loss !== undefined) revived.loss = lossFromJSON(loss);
  if (schedule !== undefined) revived.schedule = scheduleFromJSON(schedule);
  if (Array.isArray(groups)) revived.groups = (groups as SentGroup[]).map(reviveGroup);
  else if (groups !== undefined) revived.groups = groups as never; // refused where the trainer is made
  return revived;
}

function reviveGroup(group: SentGroup): ParameterGroup {
  const { match } = group ?? {};
  if (!Array.isArray(match)) return group as ParameterGroup;
  const names = new Set(match);
  return { ...group, match: (name) => names.has(name) };
}

/** Each event waits for the page. */
function asking(names: (keyof Callback)[], { ask }: CallContext): Callback {
  return Object.fromEntries(names.map((name) => [name, (event: unknown) => ask(name, event)]));
}

/** Steps go to the page in groups; all of them arrive before what follows them. */
function telling(names: (keyof Callback)[], { tell }: CallContext): Callback {
  let waiting: unknown[] = [];
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
