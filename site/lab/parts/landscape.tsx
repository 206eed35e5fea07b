/** The loss around the weights, in two directions. */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Figure } from "../../shell/chart/figure.js";
import { LineChart } from "../../shell/chart/line-chart.js";
import { useWidth } from "../../shell/chart/width.js";
import { lab } from "../../text/lab.js";
import { coordinate } from "../core/landscape.js";
import { KINDS, type Kind } from "../core/nets.js";
import { ask, drawLandscape, type Landscape, landscape, snapshot } from "../state.js";
import { regionsOf } from "./contour.js";
import { figure, percent, power } from "./format.js";
import { LOOKS } from "./looks.js";

const seed = signal(1);

export function LossLandscape() {
  const t = lab.value.landscape;
  const [now, drawn] = [snapshot.value, landscape.value];
  if (!now) return null;
  const share = drawn ? drawn.count / drawn.side ** 2 : 0;
  return (
    <section class="lab-section">
      <h2>{t.title}</h2>
      <p>
        {t.intro} (<a href="https://arxiv.org/abs/1712.09913">{t.paper}</a>)
      </p>
      <div class="row">
        {/* One button, so that it keeps the focus. */}
        <button type="button" onClick={() => void (drawn?.running ? ask("stopLandscape") : drawLandscape(seed.value))}>
          {drawn?.running ? t.stop : t.start}
        </button>
        <label>
          {t.seed}{" "}
          <input
            type="number"
            min={0}
            max={9999}
            value={seed.value}
            onChange={(event) =>
              (seed.value = Math.max(0, Math.min(9999, Math.round(Number(event.currentTarget.value)))))
            }
          />
        </label>
        {drawn && <progress value={share} max={1} aria-label={t.progress(percent(share))} />}
        <span role="status">{drawn && share === 1 ? t.done : ""}</span>
      </div>
      {drawn && drawn.count > 0 && (
        <>
          <div class="lab-pair">
            {KINDS.map((kind) => (
              <Slice key={kind} kind={kind} drawn={drawn} />
            ))}
          </div>
          <p class="lab-note">
            {t.legend} {t.both}
          </p>
          <Cut drawn={drawn} />
        </>
      )}
    </section>
  );
}

/** Two to each octave, from a thousandth to a thousand. */
const LEVELS = Array.from({ length: 41 }, (_, i) => 2 ** (i / 2 - 10));
/** Pixels between the heights that are written along a row. */
const APART = 30;

function Slice({ kind, drawn: { losses, side, step, count } }: { kind: Kind; drawn: Landscape }) {
  const t = lab.value.landscape;
  const [box, size] = useWidth<HTMLDivElement>(400);
  const values = losses[kind];
  const regions = useMemo(() => {
    const heights = values.map((loss) => (Number.isFinite(loss) ? loss : Number.MAX_VALUE));
    return regionsOf(heights, LEVELS, size, { corners: true });
  }, [values, size, count]); // the grid is filled in place: the count tells of it
  const title = t.chart(lab.value.kinds[kind], step);
  const rows = () => {
    const places = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * (side - 1)));
    return places.map((row) => [
      coordinate(row, side).toFixed(1),
      ...places.map((column) => figure(values[row * side + column])),
    ]);
  };
  const columns = [`${t.b} \\ ${t.a}`, "-1.0", "-0.5", "0.0", "0.5", "1.0"];
  return (
    <Figure title={title} name={`${kind}-landscape-step-${step}`} table={{ columns, rows }} class="card">
      <div ref={box}>
        <svg class={`chart slice ${kind}`} width={size} height={size} role="img" aria-label={title}>
          <rect class="plane-ground" width={size} height={size} />
          {regions.map(({ threshold, area }) => (
            <path key={`a${threshold}`} class="level-area" d={area} />
          ))}
          {regions.map(({ threshold, line }) => (
            <path key={threshold} class="level" d={line} />
          ))}
          {heightsOf(values, side, size).map(({ x, height }) => (
            <text key={height} class="level-label" x={x} y={size / 2 + 4} text-anchor="middle">
              {power(height)}
            </text>
          ))}
          <path class="cross" d={`M${size / 2 - 7},${size / 2}h14M${size / 2},${size / 2 - 7}v14`} />
        </svg>
      </div>
    </Figure>
  );
}

/** Where the row through the middle, to the right of it, comes to a level. */
function heightsOf(values: Float64Array, side: number, size: number): { x: number; height: number }[] {
  const middle = (side - 1) / 2;
  const found: { x: number; height: number }[] = [];
  let last = size / 2 - APART / 4;
  for (let column = middle; column < side - 1; column++) {
    const [from, to] = [values[middle * side + column], values[middle * side + column + 1]];
    for (const height of LEVELS.filter((level) => level > Math.min(from, to) && level <= Math.max(from, to))) {
      const x = ((column + (height - from) / (to - from)) / (side - 1)) * size;
      if (x < last + APART || x > size - APART / 2) continue;
      last = x;
      found.push({ x, height });
    }
  }
  return found;
}

function Cut({ drawn: { losses, side } }: { drawn: Landscape }) {
  const t = lab.value;
  const middle = (side - 1) / 2;
  const series = KINDS.map((kind) => ({
    ...LOOKS[kind],
    id: kind,
    label: t.kinds[kind],
    points: Array.from(
      { length: side },
      (_, column) => [coordinate(column, side), losses[kind][middle * side + column]] as const,
    ).filter(([, loss]) => loss > 0 && Number.isFinite(loss)),
  }));
  return (
    <div class="card">
      <LineChart
        title={t.landscape.cut}
        name="landscape-cut"
        x={{ label: t.landscape.a, domain: [-1, 1] }}
        y={{ label: t.loss, log: true, format: power, ticks: 4 }}
        series={series}
        height={220}
      />
    </div>
  );
}
