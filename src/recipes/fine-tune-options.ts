/** What `fineTune` is told, and what it chooses by itself. */
import {
  as,
  flag,
  integer,
  number,
  optional,
  positive,
  readOptions,
  type Schema,
  signal,
  text,
} from "../core/options.js";
import type { ClassDataset } from "../data/dataset.js";
import type { ImageAugmentation, SignalAugmentation } from "../data/image/augment.js";
import type { NamePattern } from "../model/names.js";
import { type AnyModel, type Entry, printer } from "./entry.js";

/** What `fineTune` is told. All have defaults, which are printed. */
export interface FineTuneOptions<M extends AnyModel = AnyModel> {
  /** How many classes there are. Default: those of the data. */
  classes?: number;
  /** The layer that is replaced. Default: the last with weights. */
  head?: string;
  /** Samples that are not trained on, by which training stops and the model is judged. Default: a fifth of the data, as `split` takes it. */
  validation?: ClassDataset;
  /** Which parameters are trained with the head in the end; false: none. Default: from the place on where maps are at their smallest. */
  stage?: NamePattern | false;
  /** Changes samples while the last stage is trained. Default: none. */
  augmentations?: readonly (ImageAugmentation | SignalAugmentation)[];
  /** Epochs of the head at most. Default 100. */
  headEpochs?: number;
  /** Epochs of the last stage at most. Default 20. */
  stageEpochs?: number;
  /** Of AdamW, for the head alone. Default 3e-3. */
  headLr?: number;
  /** Of AdamW, for the last stage. Default 1e-4. */
  stageLr?: number;
  /** Of AdamW, not of biases and normalisation. Default 0.01. */
  weightDecay?: number;
  /** Default 32. */
  batchSize?: number;
  /** Epochs without a better loss on the validation samples after which a part is done. Default 5. */
  patience?: number;
  /** Whether what the head reads is computed once and kept, 4 bytes a feature. Default true. */
  cache?: boolean;
  /** Default 0. */
  seed?: number;
  /** Default "auto", as of `createModel`. */
  threads?: number | "auto";
  /** Gets each line of what is chosen and found. Default `console.log`; null: nobody. */
  print?: ((line: string) => void) | null;
  signal?: AbortSignal;
  /** The entry whose functions are used, that of the model: `import * as on from "resnet-wasm/worker"`. Default: this thread's. */
  on?: Entry<M>;
}

const schema = <M extends AnyModel>() =>
  ({
    classes: optional(integer({ min: 2 })),
    head: optional(text),
    // Looked at by those who use them.
    validation: as<ClassDataset | undefined>(),
    stage: as<NamePattern | false | undefined>(),
    augmentations: as<FineTuneOptions["augmentations"]>(),
    headEpochs: integer({ min: 1, default: 100 }),
    stageEpochs: integer({ min: 1, default: 20 }),
    headLr: positive(3e-3),
    stageLr: positive(1e-4),
    weightDecay: number({ min: 0, default: 0.01 }),
    batchSize: integer({ min: 2, default: 32 }),
    patience: integer({ min: 1, default: 5 }),
    cache: flag(true),
    seed: integer({ max: Number.MAX_SAFE_INTEGER, default: 0 }),
    threads: as<number | "auto" | undefined>(),
    print: printer,
    signal,
    on: as<Entry<M> | undefined>(),
  }) satisfies Schema<FineTuneOptions<M>>;

export const readFineTuneOptions = <M extends AnyModel>(given: unknown) => readOptions("fineTune", given, schema<M>);

export type FineTuneSettings = ReturnType<typeof readFineTuneOptions>;
