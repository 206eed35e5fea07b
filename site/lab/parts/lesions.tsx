/** Right answers without one part or another. */
import { Figure } from "../../shell/chart/figure.js";
import { useWidth } from "../../shell/chart/width.js";
import { LiveText } from "../../shell/live.js";
import { lab } from "../../text/lab.js";
import type { LesionResult } from "../core/lesions.js";
import { KINDS, type Kind } from "../core/nets.js";
import { begun, lesions, snapshot, takeOut } from "../state.js";
import { percent } from "./format.js";

export function Lesions() {
  const t = lab.value.lesions;
  const [now, found] = [snapshot.value, lesions.value];
  if (!now) return null;
  const mean = (results: LesionResult[]) => {
    const scores = results.flatMap(({ score }) => (score ? [score.accuracy] : []));
    return scores.reduce((a, b) => a + b, 0) / scores.length;
  };
  const words =
    found && !found.running
      ? KINDS.flatMap((kind) => {
          const whole = found.whole[kind];
          const name = lab.value.kinds[kind];
          return whole ? [t.mean(name, percent(mean(found.results[kind])), percent(whole.accuracy))] : [];
        })
      : [];
  return (
    <section class="lab-section">
      <h2>{t.title}</h2>
      <p>
        {t.intro} (<a href="https://arxiv.org/abs/1605.06431">{t.paper}</a>)
      </p>
      <div class="row">
        <button type="button" onClick={() => void takeOut()} aria-disabled={found?.running ?? false}>
          {t.start}
        </button>
      </div>
      <LiveText text={words.join(" ")} />
      {found && (
        <div class="lab-pair">
          {KINDS.map((kind) => (
            <Parts
              key={kind}
              kind={kind}
              step={found.step}
              results={found.results[kind]}
              whole={found.whole[kind]?.accuracy ?? null}
              layers={begun.value?.nets[kind].layers.length ?? 1}
            />
          ))}
        </div>
      )}
    </section>
  );
}

const HEIGHT = 200;
const MARGIN = { top: 18, right: 10, bottom: 34, left: 46 };

interface PartsProps {
  kind: Kind;
  step: number;
  results: LesionResult[];
  /** Right answers of the whole net. */
  whole: number | null;
  layers: number;
}

function Parts({ kind, step, results, whole, layers }: PartsProps) {
  const t = lab.value.lesions;
  const [box, width] = useWidth<HTMLDivElement>(500);
  const x = (layer: number) => MARGIN.left + ((layer - 0.5) / layers) * (width - MARGIN.left - MARGIN.right);
  const y = (share: number) => MARGIN.top + (1 - share) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const title = t.chart(lab.value.kinds[kind], step);
  const rows = () => results.map(({ name, score }) => [name, score ? percent(score.accuracy) : t.impossible] as const);
  const gap = width / layers > 12 ? 2 : 0.5;
  return (
    <Figure
      title={title}
      name={`${kind}-lesions-step-${step}`}
      table={{ columns: [t.without, t.accuracy], rows }}
      class="card"
    >
      <div ref={box}>
        <svg class="chart" width={width} height={HEIGHT} role="img" aria-label={title}>
          {[0, 0.5, 1].map((tick) => (
            <g key={tick}>
              <line class="grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
              <text x={MARGIN.left - 6} y={y(tick)} text-anchor="end" dominant-baseline="middle">
                {percent(tick)}
              </text>
            </g>
          ))}
          {results.map(
            ({ name, layers: [first, last], score }) =>
              score && (
                <rect
                  key={name}
                  class={`bar ${kind}`}
                  x={x(first + 0.5) + gap}
                  width={Math.max(1, x(last + 1.5) - x(first + 0.5) - 2 * gap)}
                  y={y(score.accuracy)}
                  height={Math.max(1, y(0) - y(score.accuracy))}
                />
              ),
          )}
          {whole !== null && (
            <>
              <line class="whole" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(whole)} y2={y(whole)} />
              <text x={width - MARGIN.right} y={y(whole) - 5} text-anchor="end">
                {t.whole}: {percent(whole)}
              </text>
            </>
          )}
          <text x={MARGIN.left} y={HEIGHT - 18}>
            1
          </text>
          <text x={width - MARGIN.right} y={HEIGHT - 18} text-anchor="end">
            {layers}
          </text>
          <text x={width - MARGIN.right} y={HEIGHT - 3} text-anchor="end">
            {lab.value.inside.layer}
          </text>
        </svg>
      </div>
    </Figure>
  );
}
