/** The plane of points: where a net sees which class, and the points themselves. */
import { useMemo } from "preact/hooks";
import { Figure } from "../../shell/chart/figure.js";
import { useWidth } from "../../shell/chart/width.js";
import { lab } from "../../text/lab.js";
import { REACH } from "../core/border.js";
import type { Points } from "../core/points.js";
import { regionsOf } from "./contour.js";
import { percent } from "./format.js";

/** Shares of certainty from which the shade is stronger. */
const SURE = [0.5, 0.75, 0.95];
/** Places of the table alternative, in a row. */
const TABLE_SIDE = 5;

interface PlaneProps {
  title: string;
  name: string;
  /** Probability of class B, row by row. */
  border: Float32Array | null;
  points: Points;
}

export function Plane({ title, name, border, points }: PlaneProps) {
  const [box, size] = useWidth<HTMLDivElement>(300);
  const t = lab.value.twins;
  const shades = useMemo(() => {
    if (!border) return [];
    const other = border.map((p) => 1 - p);
    return [other, border].flatMap((values, label) =>
      regionsOf(values, SURE, size).map((region) => ({ ...region, label, key: `${label} ${region.threshold}` })),
    );
  }, [border, size]);
  const marks = useMemo(() => [0, 1].map((label) => marksOf(points, label, size)), [points, size]);
  const rows = () => {
    const side = Math.sqrt(border?.length ?? 0);
    return Array.from({ length: border ? TABLE_SIDE ** 2 : 0 }, (_, i) => {
      const [column, row] = [i % TABLE_SIDE, Math.floor(i / TABLE_SIDE)].map((at) =>
        Math.floor(((at + 0.5) / TABLE_SIDE) * side),
      );
      const x = ((2 * column + 1) / side - 1) * REACH;
      const y = (1 - (2 * row + 1) / side) * REACH;
      return [`${x.toFixed(1)}, ${y.toFixed(1)}`, percent(border?.[row * side + column] ?? 0)];
    });
  };
  return (
    <Figure title={title} name={name} table={{ columns: [`${t.x}, ${t.y}`, t.sure], rows }} class="plane">
      <div ref={box}>
        <svg class="chart" width={size} height={size} role="img" aria-label={title}>
          <rect class="plane-ground" width={size} height={size} />
          {shades.map(({ key, label, area }) => (
            <path key={key} class={`shade-${label}`} d={area} />
          ))}
          <path class="plane-border" d={shades.find(({ key }) => key === `1 ${SURE[0]}`)?.line ?? ""} />
          {marks.map((path, label) => (
            <path key={label} class={`marks-${label}`} d={path} />
          ))}
        </svg>
      </div>
    </Figure>
  );
}

/** Pixels of a place in the plane. */
export const toPixels = (x: number, y: number, size: number): [number, number] => [
  ((x / REACH + 1) / 2) * size,
  ((1 - y / REACH) / 2) * size,
];

/** All points of a class as one path: circles of class A, squares of class B. */
function marksOf({ xy, labels }: Points, label: number, size: number): string {
  const r = size < 240 ? 2 : 3;
  let path = "";
  labels.forEach((own, i) => {
    if (own !== label) return;
    const [x, y] = toPixels(xy[2 * i], xy[2 * i + 1], size).map((v) => Number(v.toFixed(1)));
    path +=
      label === 0
        ? `M${x - r},${y}a${r},${r} 0 1 0 ${2 * r},0a${r},${r} 0 1 0 ${-2 * r},0`
        : `M${x - r},${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`;
  });
  return path;
}
