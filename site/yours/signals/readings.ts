/** Windows of readings that are there already: from a csv file, or made up. */
import { readCsv } from "resnet-wasm/data";
import { RATE, SECONDS } from "./stream.js";

export interface Readings {
  channels: string[];
  length: number;
  classes: { name: string; windows: Float32Array[] }[];
}

const LENGTH = RATE * SECONDS;
/** A stretch of one kind is cut into windows that overlap by half. */
const HOP = LENGTH / 2;

/** A row a moment, a column a reading, the last column says what is happening. Throws where it is something else. */
export function readSignals(csv: string): Readings {
  const { columns, length } = readCsv(csv);
  const labels = columns.at(-1);
  const channels = columns.slice(0, -1).filter(({ numbers }) => numbers);
  if (!labels || channels.length === 0) throw new Error("no column of numbers beside the last one");
  const classes = new Map<string, Float32Array[]>();
  let begin = 0;
  for (let i = 1; i <= length; i++) {
    if (i < length && labels.text[i] === labels.text[begin]) continue;
    const name = labels.text[begin] ?? "";
    for (let at = begin; at + LENGTH <= i; at += HOP) {
      const values = new Float32Array(LENGTH * channels.length);
      for (let row = 0; row < LENGTH; row++)
        channels.forEach(({ numbers }, c) => {
          values[row * channels.length + c] = numbers?.[at + row] || 0;
        });
      classes.set(name, [...(classes.get(name) ?? []), values]);
    }
    begin = i;
  }
  if (classes.size < 2) throw new Error(`two kinds of ${LENGTH} rows or more are needed, there are ${classes.size}`);
  return {
    channels: channels.map(({ name }) => name),
    length: LENGTH,
    classes: [...classes].map(([name, windows]) => ({ name, windows })),
  };
}

const MADE = 24;

/** Accelerations as of a hand that shakes, circles and taps, each at a tempo and a strength of its own. */
export function makeGestures(names: readonly string[]): Readings {
  const shapes: ((phase: number, strength: number) => [number, number, number])[] = [
    (p, s) => [9 * s * Math.sign(Math.sin(3 * p)), 1.5 * s * Math.sin(6 * p), 9.8],
    (p, s) => [5 * s * Math.cos(p), 5 * s * Math.sin(p), 9.8],
    (p, s) => [0, 0.5 * s * Math.sin(p), 9.8 + 12 * s * Math.max(0, Math.sin(2 * p)) ** 12],
  ];
  // A small generator of its own, so that everyone gets the same gestures.
  let state = 12345;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  return {
    channels: ["x", "y", "z"],
    length: LENGTH,
    classes: names.map((name, label) => ({
      name,
      windows: Array.from({ length: MADE }, () => {
        const [tempo, begin, strength] = [1.4 + random(), 2 * Math.PI * random(), 0.6 + 0.8 * random()];
        const values = new Float32Array(LENGTH * 3);
        for (let i = 0; i < LENGTH; i++) {
          const reading = shapes[label](begin + (2 * Math.PI * tempo * i) / RATE, strength);
          reading.forEach((value, c) => {
            values[3 * i + c] = value + 1.2 * (random() - 0.5);
          });
        }
        return values;
      }),
    })),
  };
}
