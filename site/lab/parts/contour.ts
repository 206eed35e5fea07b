/** Lines of equal height over a square grid, as SVG paths. */
import { type ContourMultiPolygon, contours } from "d3-contour";

/** The region where values are at least a threshold, and its outline without what lies on the edge of the drawing. */
export interface Region {
  threshold: number;
  area: string;
  line: string;
}

/**
 * Over `size` pixels, of values row by row. With `corners` they are heights at the corners of a grid, so that its edge is theirs;
 * without, of the middles of its squares.
 */
export function regionsOf(
  values: ArrayLike<number>,
  thresholds: readonly number[],
  size: number,
  { corners = false }: { corners?: boolean } = {},
): Region[] {
  const side = Math.sqrt(values.length);
  // d3-contour has the middle of the first square at 0.5.
  const [scale, offset] = corners ? [size / (side - 1), 0.5] : [size / side, 0];
  const place = (v: number): number => Math.round(10 * Math.min(size, Math.max(0, (v - offset) * scale))) / 10;
  const draw = ({ value, coordinates }: ContourMultiPolygon): Region => {
    const rings = coordinates.flat().map((ring) => ring.map(([x, y]): Place => [place(x), place(y)]));
    return {
      threshold: value,
      area: rings.map((ring) => `M${ring.map(String).join("L")}Z`).join(""),
      line: rings.map((ring) => inner(ring, size)).join(""),
    };
  };
  return contours()
    .size([side, side])
    .thresholds([...thresholds])(Array.from(values))
    .map(draw)
    .filter(({ area }) => area !== "");
}

type Place = [x: number, y: number];

/** The parts of a closed ring that do not run along the edge. */
function inner(ring: Place[], size: number): string {
  const onEdge = ([ax, ay]: Place, [bx, by]: Place) =>
    (ax === bx && (ax === 0 || ax === size)) || (ay === by && (ay === 0 || ay === size));
  let path = "";
  let isDown = false;
  for (let i = 1; i < ring.length; i++) {
    const [from, to] = [ring[i - 1], ring[i]];
    if (onEdge(from, to)) isDown = false;
    else {
      path += isDown ? `L${to}` : `M${from}L${to}`;
      isDown = true;
    }
  }
  return path;
}
