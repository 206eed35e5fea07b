/** What the page and its worker say to each other. All of it is plain data. */

export const KINDS = ["pictures", "table", "sensor", "network"] as const;
export type Kind = (typeof KINDS)[number];

/** Side of the pictures that the page keeps: what networks of ImageNet take. Those that are smaller get them made smaller. */
export const SIDE = 224;

/** A square of SIDE, red, green and blue. */
export interface Picture {
  label: number;
  pixels: Uint8Array;
}
export interface PictureSet {
  names: string[];
  pictures: Picture[];
}

/** A stretch of readings, [length, channels]. */
export interface Window {
  label: number;
  values: Float32Array;
}
export interface SignalSet {
  names: string[];
  channels: string[];
  length: number;
  windows: Window[];
}

/** How long to learn, in steps of one batch. */
export const STEPS = { short: 100, normal: 300, long: 900 } as const;
export type Duration = keyof typeof STEPS;

export interface Progress {
  step?: number;
  steps?: number;
  loss?: number;
  /** Share of right answers on what is held out. */
  accuracy?: number;
  /** What a recipe says of its choices. */
  line?: string;
}

export interface MistakeMade {
  /** Its place among the samples that were given. */
  sample: number;
  expected: number;
  predicted: number;
  probability: number;
}

/** What a model knows of its inputs and outputs. */
export interface Known {
  kind: Kind;
  classNames: string[];
  inputShape: number[];
  outputShape: number[];
  parameters: number;
  /** Names of what a row or a window consists of. */
  columns: string[];
  /** Whether a picture can be asked for what spoke for a class. */
  hasMaps: boolean;
}

/** Right answers, of classes. */
export interface ClassAnswers {
  accuracy: number;
  /** Of the most frequent class, and of a linear model, where a recipe has them. */
  constant?: number;
  linear?: number;
  confusion: number[][];
  mistakes: MistakeMade[];
}
/** Errors, of numbers. */
export interface NumberAnswers {
  rmse: number;
  mae: number;
  r2: number;
  linear: number;
  constant: number;
}

export interface Learned {
  known: Known;
  /** Samples that were judged; 0 where all were learned from, and answers are of these. */
  held: number;
  samples: number;
  seconds: number;
  classes?: ClassAnswers;
  numbers?: NumberAnswers;
  notes: string[];
}

/** The first rows of a table, and its columns. */
export interface Preview {
  columns: string[];
  rows: (string | null)[][];
  length: number;
}

export interface Request {
  id: number;
  method: string;
  args: unknown[];
}
export type Reply = { id: number } & ({ result: unknown } | { failure: string } | { progress: Progress });
/** Tells the worker that nobody waits any more. */
export interface Stop {
  stop: number;
}
