/** What the page knows: one network at a time, whatever it was made of. */
import { signal } from "@preact/signals";
import { inAddress, oneOf } from "../shell/address.js";
import { yours } from "../text/yours.js";
import { type Duration, KINDS, type Known, type Learned, type Progress } from "./worker/protocol.js";

export const { kind } = inAddress({ kind: oneOf("pictures", KINDS) });
export const duration = signal<Duration>("normal");

export type Point = readonly [x: number, y: number];
export interface Course {
  losses: Point[];
  accuracies: Point[];
  steps: number;
  /** What a recipe says of its choices, which has no steps. */
  lines: string[];
}

export const course = signal<Course | null>(null);
export const learned = signal<Learned | null>(null);
export const known = signal<Known | null>(null);
/** The one sentence that says how things stand. */
export const status = signal("");
export const running = signal<AbortController | null>(null);

/** Curves of at most so many points: they are drawn while the network learns. */
const POINTS = 240;
const SMOOTHING = 0.1;

type Task = (options: { signal: AbortSignal; onProgress(progress: Progress): void }) => Promise<Learned>;

/** Runs a training, and keeps what it tells. A second call stops the first. */
export async function learn(task: Task): Promise<void> {
  if (running.value) return running.value.abort();
  const stop = new AbortController();
  running.value = stop;
  learned.value = known.value = null;
  const t = yours.value;
  status.value = t.preparing;
  const own: Course = { losses: [], accuracies: [], steps: 1, lines: [] };
  let smooth: number | undefined;
  let isDue = false;
  // What comes between two frames is drawn once.
  const draw = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      course.value = { ...own };
    });
  };
  const onProgress = ({ step = 0, steps = 1, loss, accuracy, line }: Progress) => {
    own.steps = steps;
    if (loss !== undefined) {
      smooth = smooth === undefined ? loss : smooth + SMOOTHING * (loss - smooth);
      if (step % Math.ceil(steps / POINTS) === 0) own.losses.push([step, smooth]);
      status.value = t.training(step, steps, smooth.toFixed(2));
    }
    if (accuracy !== undefined) own.accuracies.push([step, accuracy]);
    if (line !== undefined) {
      own.lines.push(line);
      status.value = line;
    }
    draw();
  };
  draw();
  try {
    const result = await task({ signal: stop.signal, onProgress });
    learned.value = result;
    known.value = result.known;
    status.value = `${stop.signal.aborted ? t.stopped : t.done(result.seconds.toFixed(1))}`;
  } catch (error) {
    status.value = stop.signal.aborted ? t.stopped : t.failed((error as Error).message);
  } finally {
    running.value = null;
  }
}

/** Which of the answers stands out, in words. */
export function inWords(answers: readonly number[], { classNames }: Known): string {
  if (classNames.length === 0) return answers.map((value) => value.toPrecision(4)).join(", ");
  const best = answers.indexOf(Math.max(...answers));
  return `${classNames[best]} (${percent(answers[best])})`;
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;
