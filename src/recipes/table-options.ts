/** What `trainTable` is told, and what it chooses by itself. */
import {
  as,
  checked,
  flag,
  integer,
  list,
  number,
  oneOf,
  optional,
  positive,
  readOptions,
  type Schema,
  share,
  signal,
  text,
} from "../core/options.js";
import type { ColumnReference, CsvOptions } from "../data/csv.js";
import { type AnyModel, type Entry, printer } from "./entry.js";

/** What `trainTable` is told. All but `target` have defaults, which are printed. */
export interface TrainTableOptions<M extends AnyModel = AnyModel> extends CsvOptions {
  /** What is to be predicted: a column's name, or its place: 0 is the first, -1 the last. */
  target: ColumnReference;
  /** Whether the first row holds the names. Default: as it looks. */
  header?: boolean;
  /**
   * What the target is. Default: classes where its fields are words, or ten whole numbers at most that count from 0 or 1 without a
   * gap; numbers elsewhere.
   */
  targets?: "class" | "number";
  /** Columns that are used although they look as if they should not be, such as one that alone decides the target. */
  keep?: readonly string[];
  /** Parts of the rows, each of which is held out by some networks: they stop by it, and are judged by it. Default 5. */
  folds?: number;
  /** How often the rows are dealt to folds anew, so that there are `folds` times as many networks. Default 2 under 5,000 rows, else 1. */
  repeats?: number;
  /** Residual blocks of each network. Default 2. */
  blocks?: number;
  /** Width of the residual stream and of the blocks. Default 128. */
  width?: number;
  /** Within blocks. Default 0.2. */
  dropout?: number;
  /** At most so many bins by which each column of numbers is told beside its value; 0: none. Default 32. */
  bins?: number;
  /** Rows that a bin has at least. Default 40. */
  rowsABin?: number;
  /** Of AdamW. Default 1e-3. */
  lr?: number;
  /** Of AdamW, not of biases and normalisation. Default 0.01. */
  weightDecay?: number;
  /** Default: a fortieth of the rows as a power of two, from 16 to 256. */
  batchSize?: number;
  /** At most. Default 200. */
  epochs?: number;
  /** Epochs without a better loss on the held-out fold after which a network is done. Half of it lowers the rate. Default 16. */
  patience?: number;
  /** Default 0. */
  seed?: number;
  /** Gets each line of what is chosen and found. Default `console.log`; null: nobody. */
  print?: ((line: string) => void) | null;
  signal?: AbortSignal;
  /** The entry whose functions are used: `import * as on from "resnet-wasm/worker"` trains in a worker. Default: this thread. */
  on?: Entry<M>;
}

const isReference = (value: unknown): value is ColumnReference => ["string", "number"].includes(typeof value);

const csv = () =>
  ({
    target: checked("a column's name or place", isReference),
    targets: optional(oneOf(["class", "number"])),
    header: optional(flag()),
    // Read by readCsv, which looks at them.
    ignore: as<CsvOptions["ignore"]>(),
    categorical: as<CsvOptions["categorical"]>(),
    missing: as<CsvOptions["missing"]>(),
    delimiter: as<CsvOptions["delimiter"]>(),
    decimal: as<CsvOptions["decimal"]>(),
    fileName: optional(text),
  }) satisfies Schema<CsvOptions & { target: ColumnReference }>;

const schema = <M extends AnyModel>() =>
  ({
    ...csv(),
    keep: optional(list(text, "an array of names"), []),
    folds: integer({ min: 2, max: 50, default: 5 }),
    repeats: optional(integer({ min: 1, max: 50 })),
    blocks: integer({ min: 1, max: 32, default: 2 }),
    width: integer({ min: 1, max: 4096, default: 128 }),
    dropout: share(0.2),
    bins: integer({ min: 0, max: 1000, default: 32 }),
    rowsABin: integer({ min: 1, default: 40 }),
    lr: positive(1e-3),
    weightDecay: number({ min: 0, default: 0.01 }),
    batchSize: optional(integer({ min: 2 })),
    epochs: integer({ min: 1, default: 200 }),
    patience: integer({ min: 2, default: 16 }),
    seed: integer({ max: Number.MAX_SAFE_INTEGER - 1e6, default: 0 }),
    print: printer,
    signal,
    on: as<Entry<M> | undefined>(),
  }) satisfies Schema<TrainTableOptions<M>>;

export const readTableOptions = <M extends AnyModel>(given: unknown) => readOptions("trainTable", given, schema<M>);

export type TableSettings = ReturnType<typeof readTableOptions>;

const FEW_ROWS = 5000;

/** What depends on how many rows there are. */
export const bySize = (rows: number, { repeats, batchSize }: Pick<TableSettings, "repeats" | "batchSize">) => ({
  repeats: repeats ?? (rows < FEW_ROWS ? 2 : 1),
  batchSize: batchSize ?? Math.max(16, Math.min(256, powerOfTwo(rows / 40))),
});

/** The greatest power of two that is not above n. */
function powerOfTwo(n: number): number {
  let power = 1;
  while (2 * power <= n) power *= 2;
  return power;
}
