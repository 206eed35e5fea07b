/** Curves of a training: points by steps, few enough to be drawn and kept. */

/** One curve. */
export interface Series {
  name: string;
  /** Whether its points are few and stand for themselves, as those of epochs. */
  marked: boolean;
  points: [x: number, y: number][];
}

/** Points of a curve; of twice as many, every other one is left. */
const MOST = 512;

/** Adds a point; values that are not finite are left out. */
export function addPoint(series: Series, x: number, y: number): void {
  if (!Number.isFinite(y)) return;
  series.points.push([x, y]);
  if (series.points.length >= 2 * MOST)
    series.points = series.points.filter((_, i, { length }) => (length - i) % 2 === 1);
}

/** What all points lie in; no side is empty. */
export interface Bounds {
  left: number;
  right: number;
  bottom: number;
  top: number;
}

export function boundsOf(all: readonly Series[]): Bounds | undefined {
  const points = all.flatMap((series) => series.points);
  if (points.length === 0) return undefined;
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    bottom = Math.min(bottom, y);
    top = Math.max(top, y);
  }
  if (right === left) right = left + 1;
  if (top === bottom) [bottom, top] = [bottom - (Math.abs(bottom) || 1) / 2, top + (Math.abs(top) || 1) / 2];
  return { left, right, bottom, top };
}

/** A number in at most three digits that count. */
export const short = (value: number): string =>
  value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5)
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(1);
