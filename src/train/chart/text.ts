/** Curves as text: lines of Braille dots, two by four a letter, and marks. */
import { type Bounds, boundsOf, type Series, short } from "./series.js";

/** The bits of Unicode's Braille patterns (U+2800), by row and column. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];
const MARKS = ["•", "×", "+", "○"];

/** A picture of `width` letters by `height` lines, with its axes and a line that says what is what. */
export function drawText(all: readonly Series[], width: number, height: number): string {
  const bounds = boundsOf(all);
  if (!bounds) return "";
  const letters = Array.from({ length: height }, () => Array.from({ length: width }, () => 0));
  const lines = all.filter(({ marked }) => !marked);
  const marked = all.filter((series) => series.marked);
  for (const { points } of lines) drawLine(letters, points.map(placed(bounds, 2 * width, 4 * height)));
  const picture = letters.map((row) => row.map((dots) => (dots === 0 ? " " : String.fromCharCode(0x2800 + dots))));
  marked.forEach(({ points }, i) => {
    for (const [x, y] of points.map(placed(bounds, width, height))) picture[y][x] = MARKS[i % MARKS.length];
  });
  const labels = [bounds.top, (bounds.top + bounds.bottom) / 2, bounds.bottom].map(short);
  const margin = Math.max(...labels.map(({ length }) => length));
  const labelOf = (row: number) =>
    row === 0 ? labels[0] : row === height - 1 ? labels[2] : row === Math.floor(height / 2) ? labels[1] : "";
  const rows = picture.map((row, i) => `${labelOf(i).padStart(margin)} ┤${row.join("")}`.trimEnd());
  const [from, to] = [`step ${bounds.left}`, String(bounds.right)];
  const axis = `${" ".repeat(margin + 2)}${from}${to.padStart(Math.max(to.length + 1, width - from.length))}`;
  const told = all
    .filter(({ points }) => points.length > 0)
    .map((series) => {
      const sign = series.marked ? MARKS[marked.indexOf(series) % MARKS.length] : "⠒";
      return `${sign} ${series.name} ${short(series.points[series.points.length - 1][1])}`;
    });
  return [...rows, axis, `${" ".repeat(margin + 2)}${told.join("   ")}`].join("\n");
}

/** Column and row of a point among so many. */
const placed =
  ({ left, right, bottom, top }: Bounds, columns: number, rows: number) =>
  ([x, y]: [number, number]): [number, number] => [
    Math.round(((x - left) / (right - left)) * (columns - 1)),
    Math.round(((top - y) / (top - bottom)) * (rows - 1)),
  ];

/** Sets the dots from point to point. */
function drawLine(letters: number[][], points: [number, number][]): void {
  points.forEach(([x, y], i) => {
    const [fromX, fromY] = points[Math.max(0, i - 1)];
    const steps = Math.max(1, Math.abs(x - fromX), Math.abs(y - fromY));
    for (let step = 0; step <= steps; step++) {
      const [column, row] = [fromX + (x - fromX) * (step / steps), fromY + (y - fromY) * (step / steps)].map(
        Math.round,
      );
      letters[row >> 2][column >> 1] |= DOTS[row & 3][column & 1];
    }
  });
}
