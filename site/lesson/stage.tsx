/** The stage: choose a depth, train, and see both networks learn or fail, all on one screen. */
import { LineChart, type Series } from "../shell/chart/line-chart.js";
import { LiveText } from "../shell/live.js";
import { lesson } from "../text/lesson.js";
import { Network } from "./network.js";
import { depth, isRunning, kinds, type Net, nets, type Shown, seed, shown, start, stop } from "./run.js";
import { CLASSES, DEPTHS, type Kind, STEPS } from "./settings.js";
import "./stage.css";

export function Stage() {
  const t = lesson.value.stage;
  return (
    <section class="stage card" aria-label={t.name}>
      <Controls />
      <div class="stage-picture">
        {kinds.value.map((kind) => (
          <Network
            key={kind}
            kind={kind}
            depth={depth.value}
            differences={current(kind)?.reports.at(-1)?.differences}
          />
        ))}
      </div>
      <div class="stage-chart">
        <LineChart
          title={t.chart}
          name={`training-error-${depth.value}`}
          x={{ label: t.steps, domain: [0, STEPS] }}
          y={{ label: t.error, domain: [0, 1], format: percent }}
          series={kinds.value.map(seriesOf)}
          height={168}
        />
        <LiveText class="stage-verdict" text={verdict()} />
        <Weights />
        <p class="stage-note">{t.note}</p>
      </div>
    </section>
  );
}

/** The seed, and the hash of the weights that it led to: whoever opens this address sees the same. */
function Weights() {
  const t = lesson.value.stage;
  return (
    <div class="stage-weights">
      <label>
        {t.seed}{" "}
        <input
          type="number"
          min={0}
          max={9999}
          value={seed.value}
          onChange={(event) => {
            if (isRunning.value) stop();
            const value = Math.round(Number(event.currentTarget.value));
            seed.value = Math.min(9999, Math.max(0, value || 0));
          }}
        />
      </label>
      {kinds.value.map((kind) => {
        const hash = current(kind)?.result?.hash ?? "";
        return (
          <span key={kind} data-hash={hash} title={hash}>
            {t.weights[kind]} <code>{hash.slice(0, 12) || "–"}</code>
          </span>
        );
      })}
    </div>
  );
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** The net of this kind, if it is one of the depth and seed that are chosen now. */
function current(kind: Kind): Net | undefined {
  const net = nets.value[kind];
  return net?.task.depth === depth.value && net.task.seed === seed.value ? net : undefined;
}

function seriesOf(kind: Kind): Series {
  const points = (current(kind)?.reports ?? []).map(({ step, error }) => [step, error] as const);
  const label = lesson.value.kinds[kind];
  return { id: kind, label, colour: `--${kind}`, dash: kind === "plain" ? "7 4" : undefined, points };
}

function verdict(): string {
  const t = lesson.value.stage;
  const now = kinds.value.map((kind) => ({ kind, net: current(kind) }));
  const failed = now.find(({ net }) => net?.failure);
  if (failed?.net?.failure) return t.failed(failed.net.failure);
  if (now.some(({ net }) => !net)) return t.ready(Math.round(100 - 100 / CLASSES));
  const named = now.map(({ kind, net }) => ({
    name: lesson.value.kinds[kind],
    wrong: percent(net?.result?.error ?? net?.reports.at(-1)?.error ?? 1),
  }));
  return now.every(({ net }) => net?.result) ? t.done(named) : t.learning(named);
}

/** The story in three clicks: few layers learn, many do not, many with skip connections do. */
export function Tour() {
  const t = lesson.value.tour;
  const go = (layers: number, kind: Shown) => {
    depth.value = layers;
    shown.value = kind;
    start();
  };
  return (
    <fieldset class="tour">
      <legend class="visually-hidden">{t.name}</legend>
      <button type="button" onClick={() => go(SHALLOW, "plain")}>
        {t.shallow(SHALLOW)}
      </button>
      <button type="button" onClick={() => go(DEPTHS.initial, "plain")}>
        {t.deep(DEPTHS.initial)}
      </button>
      <button type="button" onClick={() => go(DEPTHS.initial, "both")}>
        {t.skips}
      </button>
    </fieldset>
  );
}

const SHALLOW = 4;

function Controls() {
  const t = lesson.value.stage;
  const options: Shown[] = ["plain", "residual", "both"];
  return (
    <div class="stage-controls">
      <label class="stage-depth">
        <span>
          {t.depth} <output class="number">{depth.value}</output>
        </span>
        <input
          type="range"
          min={DEPTHS.min}
          max={DEPTHS.max}
          step={DEPTHS.step}
          value={depth.value}
          onInput={(event) => {
            if (isRunning.value) stop();
            depth.value = Number(event.currentTarget.value);
          }}
        />
      </label>
      <fieldset class="stage-shown">
        <legend class="visually-hidden">{t.shown}</legend>
        {options.map((option) => (
          <label key={option}>
            <input
              type="radio"
              name="shown"
              value={option}
              checked={shown.value === option}
              onChange={() => {
                if (isRunning.value) stop();
                shown.value = option;
              }}
            />
            <span>{lesson.value.kinds[option]}</span>
          </label>
        ))}
      </fieldset>
      <button
        type="button"
        class="primary"
        id="train"
        data-state={isRunning.value ? "running" : "idle"}
        onClick={() => (isRunning.value ? stop() : start())}
      >
        {isRunning.value ? t.stop : t.train}
      </button>
    </div>
  );
}
