/** The validation of a fit. Loaded on demand. */
import { ArgumentError, expectation } from "../core/errors.js";
import { checked, isRecord } from "../core/options.js";
import type { Dataset } from "../data/dataset.js";
import type { Metric } from "../metrics/metric.js";
import { type ClassNames, classNamesOf, expectClassNames } from "../model/class-names.js";
import { countsHits, type Evaluation, evaluateWithin, newTally, type Tally } from "./evaluate.js";
import type { Limits, Stopped } from "./limits.js";
import type { StartMeasuring } from "./measuring.js";
import type { StepTrainer } from "./step-trainer.js";

/** A validation that was stopped: of which dataset by which metrics, and after which step its weights are. */
interface Interrupted {
  dataset: Dataset;
  names: string;
  stepCount: number;
  tally: Tally;
}

const interrupted = new WeakMap<StepTrainer, Interrupted>();

/** Whoever starts the metrics, here or on a page, looks closer. */
const expectList = checked(
  "an array of metrics",
  (value): value is readonly Pick<Metric, "name" | "mode">[] => Array.isArray(value) && value.every(isRecord),
);

/** Evaluates after each epoch of a fit, from where an interrupted fit has stopped in it. */
export class Validation {
  readonly #trainer: StepTrainer;
  readonly #dataset: Dataset;
  readonly #metrics: readonly Pick<Metric, "name" | "mode">[] | undefined;
  #batchSize = 0;
  #start: StartMeasuring | undefined;

  /** Throws `ArgumentError` on metrics without a dataset, and what `evaluate` throws on datasets. */
  constructor(
    trainer: StepTrainer,
    { validation, metrics }: { validation: Dataset | undefined; metrics: readonly Metric[] | undefined },
    classNames: ClassNames,
  ) {
    if (!validation)
      throw new ArgumentError(expectation("fit", "validation", "a dataset to measure by metrics", validation));
    trainer.expectFits("fit validation", validation);
    expectClassNames("fit validation", classNames ?? trainer.classNames, classNamesOf(validation));
    this.#trainer = trainer;
    this.#dataset = validation;
    this.#metrics = metrics && expectList("fit", "metrics", metrics);
  }

  /** Metrics refuse what they cannot measure here, before the first step. Returns what callbacks may watch, and which way is better. */
  async begin(batchSize: number, measure: StartMeasuring | undefined): Promise<Record<string, "min" | "max">> {
    this.#batchSize = batchSize;
    this.#start = this.#metrics && measure;
    if (!this.#interrupted()) await newTally(this.#trainer, this.#start);
    const loss = this.#trainer.lossFor("fit");
    const watched = this.#metrics?.flatMap(({ name, mode }) => (mode ? [[`validation.${name}`, mode] as const] : []));
    return {
      "validation.loss": "min",
      ...(countsHits(loss, this.#dataset.targets === "class" ? "indices" : "values") && {
        "validation.accuracy": "max",
      }),
      ...Object.fromEntries(watched ?? []),
    };
  }

  async run(limits: Limits | undefined): Promise<Evaluation | Stopped> {
    const trainer = this.#trainer;
    const tally = this.#interrupted() ?? (await newTally(trainer, this.#start));
    interrupted.set(trainer, { dataset: this.#dataset, names: this.#names, stepCount: trainer.stepCount, tally });
    const result = await evaluateWithin(trainer, this.#dataset, this.#batchSize, limits, tally);
    if (typeof result !== "string") interrupted.delete(trainer);
    return result;
  }

  get #names(): string {
    return JSON.stringify(this.#metrics?.map(({ name }) => name));
  }

  #interrupted(): Tally | undefined {
    const { dataset, stepCount, names, tally } = interrupted.get(this.#trainer) ?? {};
    return dataset === this.#dataset && stepCount === this.#trainer.stepCount && names === this.#names
      ? tally
      : undefined;
  }
}
