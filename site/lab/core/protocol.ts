/**
 * What the page asks of the laboratory, and what it hears. The laboratory lives in a worker; this is all that passes between
 * them, told once for both sides.
 */

import type { LandscapePoint } from "./landscape.js";
import type { LesionResult } from "./lesions.js";
import type { Look } from "./look.js";
import type { Score } from "./loss.js";
import type { Kind } from "./nets.js";
import type { Points } from "./points.js";
import type { Histogram, Readings } from "./readings.js";
import type { OfBoth, Reading } from "./run.js";
import type { Settings } from "./settings.js";

/** What stays the same through a run. */
export interface Begun {
  settings: Settings;
  /** Points that somebody has drawn, where they are what is learnt. */
  own: Points | null;
  points: { train: Points; test: Points } | null;
  nets: OfBoth<NetDescription>;
  /** Pictures to look at, one after the other, and their classes. */
  pictures: { data: Float32Array; labels: Int32Array } | null;
}

export interface NetDescription {
  layers: string[];
  blocks: { name: string; layers: [first: number, last: number] }[];
  /** Paths of outputs that are maps. */
  maps: string[];
  parameters: number;
}

/** How things stand after some steps. */
export interface Snapshot {
  step: number;
  running: boolean;
  /** Of a long run some, evenly over it, and the last. */
  readings: Reading[];
  failures: OfBoth<string | null>;
  inside: OfBoth<Readings>;
  histograms: OfBoth<Histogram[]>;
  /** Probability of class 1 over the plane, `side` by `side`. */
  borders: { side: number; of: OfBoth<Float32Array> } | null;
  looks: OfBoth<Look> | null;
  /** Of all weights, while nothing runs; null where the page may not compute one. */
  hash: string | null | undefined;
}

/** Steps that wait after a reading, so that one can watch: milliseconds. */
export const PACES = { slow: 400, steady: 80, fast: 0 } as const;
export type Pace = keyof typeof PACES;

export interface LandscapeOptions {
  /** Places in a row: 2^n · 4 + 1. */
  side: number;
  /** Of the directions. */
  seed: number;
}

/** What is looked at: one of the pictures of the run, or another of 28 by 28 numbers from 0 to 1. */
export interface LookOptions {
  picture: number | Float32Array;
  layer: string;
}

/** Every command returns a promise; a later one waits for the earlier ones. */
export interface Commands {
  /** A new run, before its first step. */
  start(settings: Settings, own: Points | null): void;
  /** Trains until `pause`. */
  run(pace: Pace): void;
  pause(): void;
  step(count: number): void;
  rewind(step: number): void;
  save(): Uint8Array<ArrayBuffer>;
  /** Losses and right answers so far, as comma-separated values. */
  figures(): string;
  /** Goes on with a run that `save` gave. */
  open(bytes: Uint8Array): void;
  /** Takes out one part after the other; ends when all are told, or with another run. */
  lesions(): void;
  landscape(options: LandscapeOptions): void;
  stopLandscape(): void;
  look(options: LookOptions): void;
  /** A file's picture as `look` takes it. */
  picture(file: Blob): Float32Array;
}
export type Command = keyof Commands;

export interface Events {
  begun: Begun;
  snapshot: Snapshot;
  /** What the net comes to without a part, and what it came to with all, on the same examples: one part after the other. */
  lesion: { step: number; kind: Kind; whole: Score; result: LesionResult };
  landscape: { step: number; side: number; points: OfBoth<LandscapePoint[]>; done: boolean };
  /** Training in the background came to an error that is no result of the experiment. */
  trouble: { message: string };
}
export type Event = keyof Events;

export type Request = { [C in Command]: { id: number; command: C; args: Parameters<Commands[C]> } }[Command];
export type Message =
  | { [E in Event]: { event: E; data: Events[E] } }[Event]
  | { answer: number; result: unknown }
  | { answer: number; error: string };
/** The page has drawn the last snapshot: the next may come. */
export interface Drawn {
  drawn: true;
}

export type Emit = <E extends Event>(event: E, data: Events[E]) => void;
