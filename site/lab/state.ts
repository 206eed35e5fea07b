/** What the page of the laboratory knows: settings in the address, and what the worker has told. */
import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import { inAddress } from "../shell/address.js";
import { reducedMotion } from "../shell/preferences.js";
import { lab as text } from "../text/lab.js";
import { connect } from "./client.js";
import type { LesionResult } from "./core/lesions.js";
import type { Score } from "./core/loss.js";
import type { Points } from "./core/points.js";
import type { Begun, Command, Commands, Pace, Snapshot } from "./core/protocol.js";
import { both, type OfBoth } from "./core/run.js";
import { DEFAULTS, readSetting, SETTINGS, type SettingName, type Settings } from "./core/settings.js";

const names = Object.keys(SETTINGS) as SettingName[];

/** A signal for each setting, which stands in the address where it is not the default. */
export const chosen = inAddress(
  Object.fromEntries(
    names.map((name) => [name, { initial: DEFAULTS[name], read: (given: string) => readSetting(name, given) }]),
  ) as never,
) as unknown as { [K in SettingName]: Signal<Settings[K]> };

/** Nine points around each centre. */
function heaps(centres: [x: number, y: number, label: number][]): Points {
  const around = [-0.15, 0, 0.15];
  const points = centres.flatMap(([x, y, label]) =>
    around.flatMap((dx) => around.map((dy) => ({ place: [x + dx, y + dy], label }))),
  );
  return {
    xy: Float32Array.from(points.flatMap(({ place }) => place)),
    labels: Int32Array.from(points, ({ label }) => label),
  };
}

const settings = computed(
  () => Object.fromEntries(names.map((name) => [name, chosen[name].value])) as unknown as Settings,
);

export function choose(given: Partial<Settings>): void {
  batch(() => {
    for (const name of names) if (given[name] !== undefined) (chosen[name] as Signal).value = given[name];
  });
}

/** Who asked the device for less motion gets fewer pictures a second. */
export const pace = signal<Pace>(reducedMotion.peek() ? "slow" : "steady");
/** Points of one's own, to begin with four heaps crosswise: the least that no straight line parts. */
export const own = signal<Points>(
  heaps([
    [-0.5, 0.5, 0],
    [0.5, -0.5, 0],
    [0.5, 0.5, 1],
    [-0.5, -0.5, 1],
  ]),
);
export const begun = signal<Begun | null>(null);
export const snapshot = signal<Snapshot | null>(null);
/** The last step that the run has come to; going back leaves it. */
export const furthest = signal(0);
export const notice = signal("");

export interface Lesions {
  step: number;
  /** What each net came to with all its parts, once that is known. */
  whole: OfBoth<Score | null>;
  results: OfBoth<LesionResult[]>;
  running: boolean;
}
const NO_LESIONS = { whole: both(() => null), results: both((): LesionResult[] => []) };
export const lesions = signal<Lesions | null>(null);

export interface Landscape {
  step: number;
  side: number;
  /** Losses row by row; what is not computed yet has that of the nearest coarser place. NaN before. */
  losses: OfBoth<Float64Array>;
  /** Places computed. */
  count: number;
  running: boolean;
}
export const landscape = signal<Landscape | null>(null);

const client = connect({
  begun: (data) =>
    batch(() => {
      begun.value = data;
      lesions.value = null;
      landscape.value = null;
      furthest.value = 0;
      if (data.own) own.value = data.own;
      layer.value = "relu";
      showPicture(0);
      choose(data.settings);
    }),
  snapshot: (data) =>
    batch(() => {
      snapshot.value = data;
      furthest.value = Math.max(furthest.value, data.step);
    }),
  lesion: ({ step, kind, whole, result }) => {
    const before = lesions.value ?? NO_LESIONS;
    lesions.value = {
      step,
      running: true,
      whole: { ...before.whole, [kind]: whole },
      results: { ...before.results, [kind]: [...before.results[kind], result] },
    };
  },
  landscape: ({ step, side, points, done }) => {
    const before = landscape.value;
    const isNext = before?.running && before.step === step && before.side === side && before.count > 0;
    const losses = both((kind) => {
      const grid = isNext ? before.losses[kind] : new Float64Array(side * side).fill(Number.NaN);
      for (const { column, row, spread, loss } of points[kind])
        for (let y = row; y < Math.min(side, row + spread); y++)
          for (let x = column; x < Math.min(side, column + spread); x++) grid[y * side + x] = loss;
      return grid;
    });
    const count = (isNext ? before.count : 0) + points.plain.length;
    landscape.value = { step, side, losses, count, running: !done };
  },
  trouble: ({ message }) => {
    notice.value = text.value.trouble(message);
  },
});

/** A command whose failure is told to the visitor. */
export async function ask<C extends Command>(
  command: C,
  ...args: Parameters<Commands[C]>
): Promise<ReturnType<Commands[C]> | undefined> {
  try {
    return await client.call(command, ...args);
  } catch (error) {
    notice.value = text.value.trouble(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** The same for a caller that has words of its own for a failure. */
export const { call } = client;

/** Milliseconds without a change after which a run with new settings begins: a slider passes many values. */
const SETTLED = 150;
let timer: ReturnType<typeof setTimeout> | undefined;

// Other settings, or other points of one's own, begin another run; those of a file that was opened are its own.
effect(() => {
  const wanted = settings.value;
  const points = wanted.data === "own" ? own.value : null;
  const present = begun.peek();
  clearTimeout(timer);
  const isPresent = present && JSON.stringify(present.settings) === JSON.stringify(wanted) && present.own === points;
  if (isPresent) return;
  timer = setTimeout(() => void ask("start", wanted, points), present ? SETTLED : 0);
});

export async function takeOut(): Promise<void> {
  if (lesions.value?.running) return;
  lesions.value = { ...NO_LESIONS, step: snapshot.value?.step ?? 0, running: true };
  await ask("lesions");
  if (lesions.value) lesions.value = { ...lesions.value, running: false };
}

export async function drawLandscape(seed: number): Promise<void> {
  const step = snapshot.value?.step ?? 0;
  // Pictures take a hundred times as long as points.
  const side = begun.value?.points ? 33 : 17;
  const losses = both(() => new Float64Array(side * side).fill(Number.NaN));
  landscape.value = { step, side, losses, count: 0, running: true };
  await ask("landscape", { side, seed });
  if (landscape.value) landscape.value = { ...landscape.value, running: false };
}

/** The picture that both nets look at: one of the run's, or one that was opened, which has no label. */
export const picture = signal<{ index: number | null; name: string; label: number | null; pixels: Float32Array }>({
  index: 0,
  name: "",
  label: null,
  pixels: new Float32Array(784),
});
export const layer = signal("relu");

const looking = () => void ask("look", { picture: picture.value.index ?? picture.value.pixels, layer: layer.value });

export function choosePicture(index: number): void {
  showPicture(index);
  looking();
}

function showPicture(index: number): void {
  const pictures = begun.value?.pictures;
  if (!pictures) return;
  const size = pictures.data.length / pictures.labels.length;
  const pixels = pictures.data.subarray(index * size, (index + 1) * size);
  picture.value = { index, name: "", label: pictures.labels[index], pixels };
}

export function chooseLayer(path: string): void {
  layer.value = path;
  looking();
}

/** Whether it could be read. */
export async function openPicture(file: File): Promise<boolean> {
  try {
    picture.value = { index: null, name: file.name, label: null, pixels: await call("picture", file) };
  } catch {
    return false; // whatever a file is, the page says that it is no picture
  }
  looking();
  return true;
}
