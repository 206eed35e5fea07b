/** Curves over a common axis, drawn while they grow. Each has a colour, a dash and a label at its end: colour is never alone. */
import { extent } from "d3-array";
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { Figure } from "./figure.js";
import { useWidth } from "./width.js";

export interface Series {
  id: string;
  label: string;
  /** A custom property of tokens.css, such as "--plain". */
  colour: string;
  /** SVG dash array; none for a full line. */
  dash?: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  label: string;
  /** Fixed ends; without them those of the data. */
  domain?: readonly [number, number];
  log?: boolean;
  format?: (value: number) => string;
  ticks?: number;
}

interface LineChartProps {
  title: string;
  /** Name of saved files. */
  name: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
  /** CSS pixels. */
  height?: number;
}

const MARGIN = { top: 10, right: 12, bottom: 34, left: 46 };
/** Rows of the table alternative: enough to hear the course of a curve, few enough to listen to. */
const ROWS = 20;

export function LineChart({ title, name, x, y, series, height = 240 }: LineChartProps) {
  const [box, width] = useWidth<HTMLDivElement>(600);
  const drawn = series.map((one) => ({ ...one, points: one.points.filter(([, value]) => Number.isFinite(value)) }));
  const xScale = scaleLinear(domain(x, drawn, 0), [MARGIN.left, width - MARGIN.right]);
  const yRange = [height - MARGIN.bottom, MARGIN.top];
  const yScale = y.log ? scaleLog(domain(y, drawn, 1), yRange) : scaleLinear(domain(y, drawn, 1), yRange).nice();
  const curve = line<readonly [number, number]>(
    ([at]) => xScale(at),
    ([, value]) => yScale(value),
  );
  const yTicks = y.log ? logTicks(yScale.domain()) : yScale.ticks(y.ticks ?? 4).slice(0, 8);
  const xTicks = xScale.ticks(x.ticks ?? Math.min(6, width / 80));
  const format = (axis: Axis, value: number) => (axis.format ?? String)(value);
  const labels = endLabels(drawn, (value) => yScale(value), height);
  return (
    <Figure
      title={title}
      name={name}
      table={{ columns: [x.label, ...series.map(({ label }) => label)], rows: () => tableRows(series, x, y) }}
    >
      <div ref={box}>
        <svg class="chart" width={width} height={height} role="img" aria-label={title}>
          {yTicks.map((tick) => (
            <g key={`y${tick}`}>
              <line class="grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={yScale(tick)} y2={yScale(tick)} />
              <text x={MARGIN.left - 6} y={yScale(tick)} text-anchor="end" dominant-baseline="middle">
                {format(y, tick)}
              </text>
            </g>
          ))}
          <line
            class="axis"
            x1={MARGIN.left}
            x2={width - MARGIN.right}
            y1={height - MARGIN.bottom}
            y2={height - MARGIN.bottom}
          />
          {xTicks.map((tick) => (
            <text key={`x${tick}`} x={xScale(tick)} y={height - MARGIN.bottom + 14} text-anchor="middle">
              {format(x, tick)}
            </text>
          ))}
          <text x={width - MARGIN.right} y={height - 4} text-anchor="end">
            {x.label}
          </text>
          {drawn.map(({ id, colour, dash, points }) => (
            <path
              key={id}
              class="curve"
              data-series={id}
              d={curve(points) ?? ""}
              stroke={`var(${colour})`}
              stroke-dasharray={dash}
            />
          ))}
          {labels.map(({ id, label, colour, at, height: place }) => (
            <text
              key={id}
              class="series-label"
              x={Math.min(width - MARGIN.right, xScale(at))}
              y={place}
              text-anchor={xScale(at) < width / 2 ? "start" : "end"}
              style={{ fill: `var(${colour})` }}
            >
              {label}
            </text>
          ))}
        </svg>
      </div>
    </Figure>
  );
}

/** Powers of ten, every so many that there are five at most; 1, 2 and 5 of each where there are not even two powers. */
function logTicks([low, high]: number[]): number[] {
  const ticks = (steps: readonly number[], every: number): number[] => {
    const [first, last] = [low, high].map((end) => Math.floor(Math.log10(end)));
    const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((n) => n % every === 0);
    return powers.flatMap((n) => steps.map((step) => Number(`${step}e${n}`))).filter((at) => at >= low && at <= high);
  };
  const powers = ticks([1], Math.ceil((Math.log10(high) - Math.log10(low)) / 5) || 1);
  return powers.length > 1 ? powers : ticks([1, 2, 5], 1);
}

function domain(axis: Axis, series: readonly Series[], coordinate: 0 | 1): [number, number] {
  if (axis.domain) return [...axis.domain];
  const [low, high] = extent(series.flatMap(({ points }) => points.map((point) => point[coordinate])));
  if (low === undefined) return axis.log ? [0.1, 1] : [0, 1];
  return low === high ? [low, low + (low || 1)] : [low, high];
}

interface EndLabel extends Series {
  at: number;
  height: number;
}

/** Labels over the last point of each curve, moved apart where they would lie on each other. */
function endLabels(series: readonly Series[], place: (value: number) => number, height: number): EndLabel[] {
  const line = 15;
  const labels = series
    .filter(({ points }) => points.length > 0)
    .map((one) => {
      const [at, value] = one.points[one.points.length - 1];
      return { ...one, at, height: Math.max(MARGIN.top + 10, place(value) - 8) };
    })
    .sort((a, b) => a.height - b.height);
  for (let i = 1; i < labels.length; i++) labels[i].height = Math.max(labels[i].height, labels[i - 1].height + line);
  const over = Math.max(0, (labels.at(-1)?.height ?? 0) - (height - MARGIN.bottom - 4));
  return labels.map((label) => ({ ...label, height: label.height - over }));
}

/** At most 20 rows, evenly over the longest curve; of each curve the value at that place or the last before. */
function tableRows(series: readonly Series[], x: Axis, y: Axis): (string | number)[][] {
  const longest = series.reduce<Series["points"]>((a, { points }) => (points.length > a.length ? points : a), []);
  const every = Math.max(1, Math.ceil(longest.length / ROWS));
  const places = longest.filter((_, i) => i % every === 0 || i === longest.length - 1).map(([at]) => at);
  const format = (axis: Axis, value: number | undefined) =>
    value === undefined ? "–" : (axis.format ?? ((v: number) => v.toPrecision(3)))(value);
  return places.map((at) => [
    (x.format ?? String)(at),
    ...series.map(({ points }) => format(y, points.findLast(([place]) => place <= at)?.[1])),
  ]);
}
