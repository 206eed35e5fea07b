/** Degradation in one picture: how every run has ended, by its depth. */
import { scaleLinear } from "d3-scale";
import { Figure } from "../shell/chart/figure.js";
import { useWidth } from "../shell/chart/width.js";
import { lesson } from "../text/lesson.js";
import { endings, isRunning, stop, sweep } from "./run.js";
import { DEPTHS, KINDS } from "./settings.js";

const MARGIN = { top: 10, right: 14, bottom: 34, left: 46 };
const HEIGHT = 240;
const SWEEP = [2, 10, 20, 30, 40, 50];

export function ByDepth() {
  const t = lesson.value.byDepth;
  const [box, width] = useWidth<HTMLDivElement>(600);
  const x = scaleLinear([0, DEPTHS.max], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, 1], [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const runs = endings.value;
  return (
    <section class="chapter" aria-labelledby="by-depth">
      <h2 id="by-depth">{t.title}</h2>
      <p>{t.lead}</p>
      <div class="card">
        <button type="button" id="sweep" onClick={() => (isRunning.value ? stop() : sweep(SWEEP))}>
          {isRunning.value ? lesson.value.stage.stop : t.sweep(SWEEP.length)}
        </button>
        <Figure
          title={t.chart}
          name="error-by-depth"
          aside={
            <span class="stage-note">
              ○ {lesson.value.kinds.plain} · ◆ {lesson.value.kinds.residual}
            </span>
          }
          table={{
            columns: [t.run, t.depth, t.network, t.seed, t.error],
            rows: () =>
              runs.map(({ depth, kind, seed, error }, i) => [
                i + 1,
                depth,
                lesson.value.kinds[kind],
                seed,
                percent(error),
              ]),
          }}
        >
          <div ref={box}>
            <svg class="chart" width={width} height={HEIGHT} role="img" aria-label={t.chart}>
              {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
                <g key={tick}>
                  <line class="grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
                  <text x={MARGIN.left - 6} y={y(tick)} text-anchor="end" dominant-baseline="middle">
                    {percent(tick)}
                  </text>
                </g>
              ))}
              {x.ticks(5).map((tick) => (
                <text key={tick} x={x(tick)} y={HEIGHT - MARGIN.bottom + 18} text-anchor="middle">
                  {tick}
                </text>
              ))}
              <text x={width - MARGIN.right} y={HEIGHT - 4} text-anchor="end">
                {t.depth}
              </text>
              {KINDS.flatMap((kind) =>
                runs
                  .filter((run) => run.kind === kind)
                  .map(({ depth, error }, i) =>
                    kind === "plain" ? (
                      <circle
                        key={`p${i}`}
                        cx={x(depth)}
                        cy={y(error)}
                        r={5}
                        fill="none"
                        stroke="var(--plain)"
                        stroke-width={2.2}
                      />
                    ) : (
                      <path key={`r${i}`} d={`M${x(depth)} ${y(error) - 6}l6 6l-6 6l-6 -6z`} fill="var(--residual)" />
                    ),
                  ),
              )}
            </svg>
          </div>
        </Figure>
      </div>
    </section>
  );
}
