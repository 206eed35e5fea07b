/**
 * What a run of the laboratory is made of. One table tells of each setting: its default, its bounds or its words. Controls,
 * the page's address, and files of runs are all read by it.
 */

interface Whole {
  initial: number;
  min: number;
  max: number;
  step: number;
}

interface Word<W extends string> {
  initial: W;
  words: readonly W[];
}

const whole = (initial: number, min: number, max: number, step = 1): Whole => ({ initial, min, max, step });
const word = <W extends string>(words: readonly W[]): Word<W> => ({ initial: words[0], words });

export const SETTINGS = {
  /** What is learnt: points of a plane, or pictures of an invented alphabet. */
  data: word(["spirals", "moons", "circles", "own", "glyphs"]),
  /** Of the points, in percent of the plane's half side. */
  noise: whole(4, 0, 30),
  /** Examples that are trained on. As many again test. */
  samples: whole(300, 50, 1000, 50),
  /** Weight layers between the first and the last, two to a block. Pictures: 6 to a step of convolutional nets. */
  depth: whole(30, 2, 50, 2),
  /** Features of each hidden layer; pictures have 16, 32 and 64 channels. */
  width: whole(16, 4, 64, 4),
  norm: word(["none", "batch"]),
  /** Whether the last weights of each branch start at 0, so that each block starts as its skip connection. */
  branches: word(["zero", "he"]),
  optimizer: word(["adam", "sgd"]),
  /** Learning rate in thousandths. */
  rate: whole(3, 1, 300),
  batch: whole(32, 8, 128, 8),
  seed: whole(1, 0, 9999),
} as const;

type Of<S> = S extends Word<infer W> ? W : number;
export type Settings = { -readonly [K in keyof typeof SETTINGS]: Of<(typeof SETTINGS)[K]> };
export type SettingName = keyof Settings;
export type WholeName = { [K in SettingName]: Settings[K] extends number ? K : never }[SettingName];
export type WordName = Exclude<SettingName, WholeName>;

export const DEFAULTS = Object.fromEntries(
  Object.entries(SETTINGS).map(([name, { initial }]) => [name, initial]),
) as unknown as Settings;

/** The value that a text stands for, or undefined where it is none that this setting may have. */
export function readSetting<K extends SettingName>(name: K, text: string): Settings[K] | undefined {
  const spec: Whole | Word<string> = SETTINGS[name];
  if ("words" in spec) return spec.words.find((each) => each === text) as Settings[K] | undefined;
  const value = Number(text);
  const fits = /^\d+$/.test(text) && value >= spec.min && value <= spec.max && (value - spec.min) % spec.step === 0;
  return fits ? (value as Settings[K]) : undefined;
}

/** Settings that were written as a record, or null where one is missing or is none. */
export function readSettings(record: unknown): Settings | null {
  if (typeof record !== "object" || record === null) return null;
  const entries = Object.keys(SETTINGS).map((name) => {
    const given: unknown = (record as Record<string, unknown>)[name];
    return [name, readSetting(name as SettingName, String(given))] as const;
  });
  return entries.some(([, value]) => value === undefined) ? null : (Object.fromEntries(entries) as unknown as Settings);
}
