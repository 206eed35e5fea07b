/** A progress bar for terminals, as a callback of `fit`. */
import ProgressBar from "progress";
import { ArgumentError, expectation } from "../core/errors.js";
import { checked, integer, optional, readOptions, type Schema, text } from "../core/options.js";
import type { Callback, EpochRecord, History, StepEvent } from "./callback.js";

/** What the bar needs of a stream: `process.stderr` has it, and so has any `tty.WriteStream`. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface ProgressBarOptions {
  /** Stands in front of the bar. Default: nothing. */
  label?: string;
  /** Where to draw. Default `process.stderr`. A stream that is no terminal gets one line per epoch. */
  stream?: ProgressStream;
  /** Characters of the bar itself, if the terminal is wide enough. Default 24. */
  width?: number;
}

const schema = () =>
  ({
    label: optional(text, ""),
    stream: optional(checked("a stream with write()", isStream), process.stderr),
    width: integer({ min: 1, default: 24 }),
  }) satisfies Schema<ProgressBarOptions>;

const isStream = (value: unknown): value is ProgressStream =>
  typeof (value as Partial<ProgressStream> | null)?.write === "function";

/** Weight of the newest step in the loss that the bar shows; single batches jump too much to be read. */
const SMOOTHING = 0.05;

/**
 * Draws how far a `fit` has come, its loss and the time left. One object serves one fit after the other.
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, callbacks: [progressBar({ label: "plain" })] });
 */
export function progressBar(options?: ProgressBarOptions): Callback {
  const { label, stream, width } = readOptions("progressBar", options, schema);
  const lead = label === "" ? "" : `${label}  `;
  return stream.isTTY ? bar(lead, stream as NodeJS.WriteStream, width) : lines(lead, stream);
}

/** The package reads its format at each drawing, and fits the bar into what the text leaves of the terminal's width. */
type Drawn = ProgressBar & { fmt: string };

function bar(lead: string, stream: NodeJS.WriteStream, width: number): Callback {
  let drawn: Drawn | null = null;
  let loss = 0;
  let accuracy = "";
  let epoch = "";
  const format = (time: string) => `${lead}:bar :percent  epoch ${epoch}  loss ${formatLoss(loss)}${accuracy}  ${time}`;

  return {
    onStep(event: StepEvent) {
      expectEvent("onStep", event, ["loss", "epoch", "epochs", "step", "stepsPerEpoch"]);
      if (!drawn) {
        // A fit that goes on where another stopped starts at the steps that are left.
        const total = event.epochs * event.stepsPerEpoch - (event.epoch * event.stepsPerEpoch + event.step);
        const options = { total, stream, width, complete: "█", incomplete: "░", renderThrottle: 50 };
        drawn = new ProgressBar("", options) as Drawn;
        loss = event.loss;
        accuracy = "";
      }
      loss += SMOOTHING * (event.loss - loss);
      epoch = `${event.epoch + 1}/${event.epochs}`;
      drawn.fmt = format(":eta s left");
      // The last step waits for onEnd: after it comes the validation, whose result belongs on the line.
      if (drawn.curr + 1 < drawn.total) drawn.tick(1);
    },
    onEpoch(record: EpochRecord) {
      expectEvent("onEpoch", record, ["loss"]);
      loss = record.loss;
      accuracy = formatAccuracy(record);
    },
    onEnd(history: History) {
      expectEvent("onEnd", history, []);
      if (!drawn) return;
      drawn.fmt = format(":elapsed s");
      if (history.stopped === "finished") drawn.tick(drawn.total - drawn.curr);
      else drawn.terminate();
      drawn = null;
    },
  };
}

function lines(lead: string, stream: ProgressStream): Callback {
  let epochs = 0;
  return {
    onStep(event: StepEvent) {
      expectEvent("onStep", event, ["epochs"]);
      epochs = event.epochs;
    },
    onEpoch(record: EpochRecord) {
      expectEvent("onEpoch", record, ["ms", "epoch", "loss"]);
      const seconds = (record.ms / 1000).toFixed(1);
      const text = `epoch ${record.epoch + 1}/${epochs}  loss ${formatLoss(record.loss)}${formatAccuracy(record)}  ${seconds} s`;
      stream.write(`${lead}${text}\n`);
    },
  };
}

/** What `fit` calls with; somebody else may, too. */
function expectEvent(where: string, event: unknown, numbers: readonly string[]): void {
  const given: Record<string, unknown> = Object(event);
  const { loss, accuracy = 0 }: Record<string, unknown> = Object(given.validation ?? { loss: 0 });
  const isNumber = (value: unknown) => typeof value === "number";
  if (Object(event) !== event || ![...numbers.map((name) => given[name]), loss, accuracy].every(isNumber))
    throw new ArgumentError(expectation(where, "event", "what fit gives to its callbacks", event));
}

const formatLoss = (loss: number): string => (Math.abs(loss) < 1000 ? loss.toPrecision(4) : loss.toExponential(1));

function formatAccuracy({ validation }: EpochRecord): string {
  if (!validation) return "";
  const { accuracy, loss } = validation;
  return accuracy === undefined ? `  validation ${formatLoss(loss)}` : `  accuracy ${(100 * accuracy).toFixed(1)} %`;
}
