/** Readings of the page: the sensor that is open, the last second, the seconds of each kind. */
import { signal } from "@preact/signals";
import { yours } from "../../text/yours.js";
import { status } from "../state.js";
import type { SignalSet } from "../worker/protocol.js";
import type { Readings } from "./readings.js";
import { openMicrophone, openMotion, RATE, SECONDS, type Stream } from "./stream.js";

export type SensorKind = "microphone" | "motion" | "file";
export const LENGTH = RATE * SECONDS;
const RECORD_SECONDS = 4;
export const LEAST_WINDOWS = 2;
export const MOST_CLASSES = 6;

export interface SignalClass {
  id: number;
  name: string;
  windows: Float32Array[];
}

let made = 0;
export const newClass = (name: string): SignalClass => ({ id: made++, name, windows: [] });

export const sensor = signal<SensorKind>("microphone");
export const stream = signal<Stream | null>(null);
export const channels = signal<string[]>([]);
export const classes = signal<SignalClass[]>([newClass(""), newClass("")]);
/** The last second, newest last; null until there is one. */
export const latest = signal<Float32Array | null>(null);
/** Which kind is being recorded, and the seconds that are left. */
export const recording = signal<{ id: number; left: number } | null>(null);

export const nameOf = ({ name }: { name: string }, place: number): string => name || yours.value.defaultName(place + 1);

let last: number[][] = [];
let taken: number[][] = [];

function take(reading: readonly number[]): void {
  last.push([...reading]);
  if (last.length > LENGTH) last.shift();
  // Twice a second is enough to be seen, and asked for.
  if (last.length === LENGTH && ++since % (LENGTH / 2) === 0) latest.value = Float32Array.from(last.flat());
  if (recording.value) record([...reading], recording.value);
}
let since = 0;

function record(reading: number[], { id, left }: { id: number; left: number }): void {
  taken.push(reading);
  if (taken.length < LENGTH) return;
  const window = Float32Array.from(taken.flat());
  taken = [];
  classes.value = classes.value.map((each) =>
    each.id === id ? { ...each, windows: [...each.windows, window] } : each,
  );
  recording.value = left > 1 ? { id, left: left - 1 } : null;
}

export function beginRecording(id: number): void {
  taken = [];
  recording.value = { id, left: RECORD_SECONDS };
}

export function closeSensor(): void {
  stream.value?.close();
  stream.value = latest.value = recording.value = null;
  last = [];
}

/** Whether it is open; a sensor that is refused is told of, and the way on. */
export async function openSensor(kind: "microphone" | "motion"): Promise<void> {
  closeSensor();
  try {
    const opened = await (kind === "microphone" ? openMicrophone(take) : openMotion(take));
    // Windows of another sensor do not go together with these.
    if (channels.value.join() !== opened.channels.join()) clear();
    channels.value = opened.channels;
    stream.value = opened;
  } catch {
    const t = yours.value;
    status.value = kind === "microphone" ? t.micRefused : t.motionRefused;
  }
}

const clear = () => {
  classes.value = classes.value.map((each) => ({ ...each, windows: [] }));
};

export function useReadings({ channels: names, classes: found }: Readings): void {
  closeSensor();
  channels.value = names;
  classes.value = found.map(({ name, windows }) => ({ ...newClass(name), windows }));
  latest.value = found[0].windows[0];
}

export const isComplete = (): boolean => classes.value.every(({ windows }) => windows.length >= LEAST_WINDOWS);

export const signalSet = (): SignalSet => ({
  names: classes.value.map(nameOf),
  channels: channels.value,
  length: LENGTH,
  windows: classes.value.flatMap(({ windows }, label) => windows.map((values) => ({ label, values }))),
});
