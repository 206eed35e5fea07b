/** What `plot` draws on. Loaded on demand. */
import { now } from "../../core/ability.js";
import { expectation, RuntimeSupportError } from "../../core/errors.js";
import type { EpochRecord, FitBeginning, StepEvent } from "../callback.js";
import type { CallbackState } from "../callback-state.js";
import { addPoint, type Series } from "../chart/series.js";
import { drawSvg, toNode } from "../chart/svg.js";
import { drawText } from "../chart/text.js";
import { monitorOf } from "./monitor.js";
import type { PlotElement, PlotStream, ReadPlotOptions } from "./plot-options.js";

/** Pictures follow each other no sooner (ms). */
const INTERVAL = 200;

/** Weight of the newest step in the curve of losses: single batches jump too much to be read. */
const SMOOTHING = 0.1;

export interface Screen {
  step(event: StepEvent): void;
  epoch(record: EpochRecord): void;
  /** `over`: for the last time. */
  draw(over: boolean): void;
  state(): CallbackState;
}

type Show = (series: readonly Series[], over: boolean) => void;

export function openScreen(
  where: string,
  options: ReadPlotOptions,
  fit: FitBeginning,
  kept: CallbackState | undefined,
): Screen {
  const names = options.values.filter((name) => name !== "validation.loss" || "validation.loss" in fit.monitors);
  const watched = names
    .filter((name) => name !== "loss")
    .map((monitor) => monitorOf(where, { monitor }, fit, undefined));
  const before = new Map((kept?.series as Series[] | undefined)?.map((series) => [series.name, series.points]));
  const series = names.map((name): Series => ({ name, marked: name !== "loss", points: before.get(name) ?? [] }));
  const loss = series.find(({ name }) => name === "loss");
  let smooth = loss?.points.at(-1)?.[1];
  const show = chooseShow(where, options);
  let last = -Infinity;
  const draw = (over: boolean) => {
    if (!over && now() - last < INTERVAL) return;
    show(series, over);
    last = now();
  };
  return {
    step(event) {
      smooth = smooth === undefined ? event.loss : smooth + SMOOTHING * (event.loss - smooth);
      if (loss) addPoint(loss, event.epoch * event.stepsPerEpoch + event.step + 1, smooth);
      draw(false);
    },
    epoch(record) {
      const x = (record.epoch + 1) * fit.stepsPerEpoch;
      for (const monitor of watched) {
        const curve = series.find(({ name }) => name === monitor.name);
        if (curve) addPoint(curve, x, monitor.of(record));
      }
      draw(false);
    },
    draw,
    state: () => ({ series }),
  };
}

function chooseShow(where: string, { stream, element, width, height }: ReadPlotOptions): Show {
  const { document, process } = globalThis as { document?: Document; process?: { stderr?: PlotStream } };
  if (element) return inPage(element);
  if (stream) return inTerminal(stream, width, height);
  if (document) {
    const place = document.createElement("div");
    document.body.append(place);
    return inPage(place);
  }
  if (process?.stderr) return inTerminal(process.stderr, width, height);
  const hint = "Give plot a stream or an element";
  throw new RuntimeSupportError(expectation(where, "place", "a terminal or a page", "neither", { hint }));
}

const inPage =
  (place: PlotElement): Show =>
  (series) =>
    place.replaceChildren(toNode(place.ownerDocument, drawSvg(series)));

function inTerminal(stream: PlotStream, width: number, height: number): Show {
  let lines = 0;
  return (series, over) => {
    if (!stream.isTTY && !over) return;
    const across = Math.min(width, (stream.columns ?? Infinity) - 12);
    const picture = drawText(series, Math.max(8, across), height);
    if (picture === "") return;
    // Up to where the last picture began, and nothing of it left.
    stream.write(`${lines > 0 ? `\x1b[${lines}A\x1b[J` : ""}${picture}\n`);
    lines = stream.isTTY && !over ? picture.split("\n").length : 0;
  };
}
