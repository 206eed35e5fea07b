/** Gradients, activations, streams and weights, layer by layer. */
import { signal } from "@preact/signals";
import { type Axis, LineChart, type Series } from "../../shell/chart/line-chart.js";
import { useThrottled } from "../../shell/live.js";
import { lab } from "../../text/lab.js";
import { KINDS, type Kind } from "../core/nets.js";
import type { Histogram } from "../core/readings.js";
import { begun, snapshot } from "../state.js";
import { power, tick } from "./format.js";
import { LOOKS } from "./looks.js";

/** The layer whose weights are shown. */
const weightLayer = signal(1);
/** Milliseconds between drawings of these charts while a run goes on. */
const EVERY = 250;

export function Inside() {
  const t = lab.value.inside;
  const now = useThrottled(snapshot.value, EVERY);
  const run = begun.value;
  if (!now || !run) return null;
  const { layers } = run.nets.plain;
  if (now.inside.plain.gradients.length !== layers.length) return null; // of the run before
  const series = (id: Kind, label: string, values: (number | null)[]): Series => ({
    ...LOOKS[id],
    id,
    label,
    points: values.flatMap((value, i) => (value === null ? [] : [[i + 1, value] as const])),
  });
  const kinds = (values: (kind: Kind) => (number | null)[]) =>
    KINDS.map((kind) => series(kind, lab.value.kinds[kind], values(kind)));
  const x: Axis = { label: t.layer, domain: [1, layers.length], format: String };
  const log = (label: string): Axis => ({ label, log: true, format: power, ticks: 3 });
  const { inside } = now;
  const count = inside.plain.blocks.length;
  const chosen = Math.min(weightLayer.value, layers.length - 1);
  return (
    <section class="lab-section">
      <h2>{t.title}</h2>
      <p>{t.intro}</p>
      <div class="lab-grid">
        <div class="card">
          <LineChart
            title={t.gradients}
            name={`gradients-step-${now.step}`}
            x={x}
            y={log(t.norm)}
            series={positive(kinds((kind) => inside[kind].gradients))}
          />
        </div>
        <div class="card">
          <LineChart
            title={t.activations}
            name={`activations-step-${now.step}`}
            x={x}
            y={log(t.norm)}
            series={positive(kinds((kind) => inside[kind].activations))}
          />
        </div>
        <div class="card">
          <LineChart
            title={t.stream}
            name={`stream-step-${now.step}`}
            x={{ label: t.block, domain: [1, Math.max(2, count)], format: String, ticks: Math.min(6, count) }}
            y={log(t.share)}
            series={positive([
              series(
                "plain",
                t.streamPlain,
                inside.plain.blocks.map(({ change }) => change),
              ),
              series(
                "residual",
                t.added,
                inside.residual.blocks.map(({ added }) => added),
              ),
            ])}
          />
        </div>
        <div class="card">
          <LineChart
            title={t.weights(layers[chosen])}
            name={`weights-${layers[chosen]}-step-${now.step}`}
            x={{ label: t.weight, format: tick }}
            y={{ label: t.count }}
            series={KINDS.map((kind) => ({
              ...LOOKS[kind],
              id: kind,
              label: lab.value.kinds[kind],
              points: stairs(now.histograms[kind][chosen]),
            }))}
          />
          <label class="lab-slider">
            {t.choose} {layers[chosen]}
            <input
              type="range"
              min={0}
              max={layers.length - 1}
              value={chosen}
              onInput={(event) => (weightLayer.value = Number(event.currentTarget.value))}
            />
          </label>
        </div>
      </div>
    </section>
  );
}

/** What is 0 or no number has no place on a logarithmic axis: the branches of residual nets start at 0. */
const positive = (series: Series[]): Series[] =>
  series.map((one) => ({ ...one, points: one.points.filter(([, value]) => value > 0 && Number.isFinite(value)) }));

/** A histogram as the outline of its bars. */
function stairs({ low, high, counts }: Histogram): [number, number][] {
  const width = (high - low) / counts.length;
  return counts.flatMap((count, i): [number, number][] => [
    [low + i * width, count],
    [low + (i + 1) * width, count],
  ]);
}
