/** The callbacks of a fit, told one after the other. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { isRecord, list, type Option } from "../core/options.js";
import type { Metric } from "../metrics/metric.js";
import type {
  Callback,
  EpochRecord,
  FitFacts,
  FitListener,
  FittingTrainer,
  History,
  StepEvent,
  Verdict,
} from "./callback.js";
import type { CallbackStates } from "./callback-state.js";
import { measuringHere, type StartMeasuring } from "./measuring.js";

/** A trainer that keeps the states of callbacks between fits, and for checkpoints. */
interface Keeper extends FittingTrainer {
  callbackStates: () => CallbackStates;
}

/** What is called, of callbacks. */
const HOOKS = ["onBegin", "onStep", "onEpoch", "onEnd", "onClose"] as const satisfies (keyof Callback)[];

/** Throws `ArgumentError` on what are no callbacks, and on functions of theirs that would never be called. */
export const expectCallbacks = (given: unknown): readonly Callback[] =>
  list(callback, "an array of objects with onStep, onEpoch or onEnd")("fit", "callbacks", given);

const callback: Option<Callback> = (where, name, value) => {
  const known: readonly string[] = HOOKS;
  const refuse = (expected: string, got: unknown, hint?: string) =>
    new ArgumentError(expectation(where, name, expected, describe(got), { hint }));
  if (!isRecord(value)) throw refuse("an object with onStep, onEpoch or onEnd", value);
  for (const key of keysOf(value)) {
    const lower = key.toLowerCase();
    const near = known.find((hook) => hook.toLowerCase() === lower || (/^on[A-Z]/.test(key) && key.startsWith(hook)));
    if (!known.includes(key) && (near || /^on[A-Z]/.test(key)))
      throw refuse(known.join(", "), key, near && `Did you mean "${near}"?`);
  }
  for (const key of [...known, "state", "load"])
    if (value[key] !== undefined && typeof value[key] !== "function")
      throw refuse(`${key} to be a function`, value[key]);
  return value as Callback;
};

/** Of an object and its classes. */
function keysOf(value: object): Set<string> {
  const keys = new Set<string>();
  for (let at: object | null = value; at; at = Object.getPrototypeOf(at))
    for (const key of Object.getOwnPropertyNames(at)) keys.add(key);
  return keys;
}

export class CallbackList implements FitListener {
  readonly #trainer: Keeper;
  readonly #callbacks: readonly Callback[];
  #epochs = 0;
  /** The epoch at hand is the last one, and has come to its end. */
  #over = false;

  readonly measure: StartMeasuring;

  constructor(trainer: Keeper, given: unknown, metrics?: readonly Metric[]) {
    this.#trainer = trainer;
    this.measure = measuringHere("fit", metrics);
    this.#callbacks = [...expectCallbacks(given)].sort((a, b) => Number(a.last ?? false) - Number(b.last ?? false));
  }

  /** Callbacks that keep something, by what they are called: the second of a name has a 2 after it. */
  #named(): Map<string, Callback> {
    const named = new Map<string, Callback>();
    for (const callback of this.#callbacks) {
      const { name } = callback;
      if (name === undefined) continue;
      let key = name;
      for (let i = 2; named.has(key); i++) key = `${name} ${i}`;
      named.set(key, callback);
    }
    return named;
  }

  #states(): CallbackStates {
    return Object.fromEntries([...this.#named()].map(([key, callback]) => [key, callback.state?.() ?? {}]));
  }

  #verdict(): Verdict {
    const stop = this.#callbacks.some((callback) => callback.stop);
    return { stop, lrScale: this.#callbacks.reduce((scale, callback) => scale * (callback.lrScale ?? 1), 1) };
  }

  async begin(facts: FitFacts): Promise<Verdict> {
    const named = this.#named();
    const states = facts.goesOn ? this.#trainer.callbackStates() : {};
    if (facts.loaded) {
      const { expectClaimed } = await demanded("fit", import("./kept.js"));
      expectClaimed(states, [...named.keys()]);
    }
    this.#epochs = facts.epochs;
    for (const [key, callback] of named) callback.load?.(states[key]);
    this.#trainer.callbackStates = () => this.#states();
    const beginning = { ...facts, trainer: this.#trainer, ending: () => this.#over || this.#verdict().stop };
    for (const callback of this.#callbacks) await callback.onBegin?.(beginning);
    return this.#verdict();
  }

  async step(event: StepEvent): Promise<Verdict> {
    for (const callback of this.#callbacks) await callback.onStep?.(event);
    return this.#verdict();
  }

  async epoch(record: EpochRecord): Promise<Verdict> {
    this.#over = record.epoch === this.#epochs - 1;
    for (const callback of this.#callbacks) await callback.onEpoch?.(record);
    return this.#verdict();
  }

  async end(history: History): Promise<void> {
    for (const callback of this.#callbacks) await callback.onEnd?.(history);
    if (history.stopped === "finished" || history.stopped === "callback") this.#trainer.callbackStates = () => ({});
  }

  async close(): Promise<void> {
    for (const callback of this.#callbacks) await callback.onClose?.();
  }
}
