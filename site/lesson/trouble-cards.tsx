/** Three cards: each trouble of depth as one small experiment, with its cure beside it in the same chart. */
import { signal } from "@preact/signals";
import { LineChart, type Series } from "../shell/chart/line-chart.js";
import { LiveText } from "../shell/live.js";
import { lesson } from "../text/lesson.js";
import { seed } from "./run.js";
import type { Curves, Trouble } from "./troubles.js";
import type { TroubleMessage } from "./troubles.worker.js";
import "./trouble-cards.css";

interface State {
  curves: Curves;
  worker: Worker | null;
  failure: string;
}

const ORDER: readonly Trouble[] = ["cost", "overfitting", "gradients"];
const state = signal<Partial<Record<Trouble, State>>>({});

function run(trouble: Trouble): void {
  state.value[trouble]?.worker?.terminate();
  const worker = new Worker(new URL("./troubles.worker.ts", import.meta.url), { type: "module" });
  const change = (more: Partial<State>) => {
    const before = state.value[trouble] ?? { curves: {}, worker, failure: "" };
    state.value = { ...state.value, [trouble]: { ...before, ...more } };
  };
  const end = (more: Partial<State>) => {
    worker.terminate();
    change({ ...more, worker: null });
  };
  change({ curves: {}, worker, failure: "" });
  worker.onmessage = ({ data }: MessageEvent<TroubleMessage>) => {
    if ("curves" in data) change({ curves: data.curves });
    else end("failure" in data ? { failure: data.failure } : {});
  };
  worker.onerror = ({ message }) => end({ failure: message || "the worker could not be loaded" });
  worker.postMessage({ trouble, seed: seed.value });
}

/** Troubles are drawn in the colour of the plain network, cures in that of the residual one; what is learned from, dotted. */
const LOOKS: Record<Trouble, Record<string, { colour: string; dash?: string }>> = {
  cost: { full: { colour: "--plain", dash: "7 4" }, bottleneck: { colour: "--residual" } },
  overfitting: {
    bareNew: { colour: "--plain", dash: "7 4" },
    curedNew: { colour: "--residual" },
    bareLearned: { colour: "--plain", dash: "2 4" },
    curedLearned: { colour: "--residual", dash: "2 4" },
  },
  gradients: {
    large: { colour: "--plain", dash: "7 4" },
    small: { colour: "--fourth", dash: "2 4" },
    he: { colour: "--residual" },
    norm: { colour: "--third", dash: "12 3 2 3" },
  },
};

export function Troubles() {
  const t = lesson.value.troubles;
  return (
    <section class="chapter" aria-labelledby="troubles">
      <h2 id="troubles">{t.title}</h2>
      <div class="troubles">
        {ORDER.map((trouble) => (
          <Card key={trouble} trouble={trouble} />
        ))}
      </div>
    </section>
  );
}

function Card({ trouble }: { trouble: Trouble }) {
  const t = lesson.value.troubles;
  const own = t[trouble];
  const { curves = {}, worker = null, failure = "" } = state.value[trouble] ?? {};
  const names = own.curves as Record<string, string>;
  const series: Series[] = Object.entries(LOOKS[trouble])
    .filter(([id]) => curves[id])
    .map(([id, look]) => ({ id, label: names[id], ...look, points: curves[id] }));
  const isEmpty = series.length === 0;
  return (
    <article class="card trouble" data-trouble={trouble} data-state={worker ? "running" : isEmpty ? "new" : "done"}>
      <h3>{own.title}</h3>
      <p>{own.trouble}</p>
      <p>
        <strong>{t.cure}</strong> {own.cure}
      </p>
      <button type="button" disabled={worker !== null} onClick={() => run(trouble)}>
        {t.run}
        <span class="visually-hidden">: {own.title}</span>
      </button>
      <LineChart
        title={own.chart}
        name={trouble}
        x={{ label: own.x, ...(isEmpty ? { domain: [0, 50] } : {}) }}
        y={trouble === "gradients" ? { label: own.y, log: true, format: power } : { label: own.y, format: short }}
        series={series}
        height={220}
      />
      <LiveText text={failure || (worker ? t.running : isEmpty ? "" : own.found)} />
    </article>
  );
}

const short = (value: number): string => String(Number(value.toPrecision(2)));
const RAISED: Record<string, string> = Object.fromEntries(
  [..."-0123456789"].map((sign, i) => [sign, "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[i]]),
);
/** Ticks of a logarithmic axis are powers of ten. */
const power = (value: number): string =>
  `10${[...String(Math.round(Math.log10(value)))].map((sign) => RAISED[sign]).join("")}`;
