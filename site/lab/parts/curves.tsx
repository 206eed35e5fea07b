/** Loss and right answers as they come. */
import { LineChart } from "../../shell/chart/line-chart.js";
import { lab } from "../../text/lab.js";
import { KINDS, type Kind } from "../core/nets.js";
import type { Reading } from "../core/run.js";
import { begun, snapshot } from "../state.js";
import { percent, tick } from "./format.js";
import { LOOKS } from "./looks.js";

export function Curves() {
  const t = lab.value;
  const shown = snapshot.value?.readings ?? [];
  const of = (value: (reading: Reading, kind: Kind) => number) =>
    KINDS.map((kind) => ({
      ...LOOKS[kind],
      id: kind,
      label: t.kinds[kind],
      points: shown.map((reading) => [reading.step, value(reading, kind)] as const),
    }));
  const x = { label: t.curves.step, domain: [0, Math.max(100, shown.at(-1)?.step ?? 0)] as const };
  return (
    <section class="lab-pair lab-curves" aria-label={t.curves.title}>
      <div class="card">
        <LineChart
          title={t.curves.loss}
          name="training-loss"
          x={x}
          y={{ label: t.loss, domain: [0, ceiling(shown)], format: tick }}
          series={of(({ train }, kind) => Math.min(train[kind].loss, ceiling(shown)))}
          height={170}
        />
      </div>
      <div class="card">
        <LineChart
          title={begun.value?.own ? t.curves.accuracyOwn : t.curves.accuracy}
          name="right-answers"
          x={x}
          y={{ label: t.lesions.accuracy, domain: [0, 1], format: percent }}
          series={of(({ test }, kind) => test[kind].accuracy)}
          height={170}
        />
      </div>
    </section>
  );
}

/** Losses of the first steps may be far above all others: the chart shows up to twice the least that a net began with. */
function ceiling(readings: Reading[]): number {
  const first = readings[0];
  if (!first) return 1;
  const began = KINDS.map((kind) => first.train[kind].loss).filter(Number.isFinite);
  return Math.max(1, 1.5 * Math.min(...began));
}
