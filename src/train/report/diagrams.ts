/** Confusion matrices and reliability diagrams as SVG. */
import type { ReliabilityBin } from "../../metrics/reliability.js";
import { COLOURS, type Element, element } from "../chart/svg.js";

const [BLUE, ORANGE, GREEN] = COLOURS;

const text = (x: number, y: number, anchor: string, content: string, more: Element["attributes"] = {}): Element =>
  element(
    "text",
    { x, y, "text-anchor": anchor, fill: "currentColor", "font-size": 11, "font-family": "sans-serif", ...more },
    content,
  );

const svg = (width: number, height: number, label: string, children: readonly Element[]): Element =>
  element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width: "100%",
      role: "img",
      "aria-label": label,
    },
    ...children,
  );

/** Cells of more classes have no numbers, of still more no names. */
const [NUMBERED, NAMED] = [14, 40];

const shortName = (name: string): string => (name.length > 16 ? `${name.slice(0, 15)}…` : name);

/** Rows are what samples are, columns what they were taken for; a cell is as dark as its share of the row. */
export function drawMatrix(matrix: readonly number[][], nameOf: (index: number) => string): Element {
  const n = matrix.length;
  const margin = n <= NAMED ? 112 : 16;
  const side = Math.max(4, Math.min(44, (640 - margin) / n));
  const [width, height] = [margin + n * side + 8, margin + n * side + 8];
  const cells = matrix.flatMap((row, i) => {
    const all = row.reduce((a, b) => a + b, 0);
    return row.flatMap((count, j) => {
      if (count === 0) return [];
      const [x, y] = [margin + j * side, margin + i * side];
      const opacity = Math.round((0.08 + 0.52 * (count / all)) * 100) / 100;
      const title = element("title", {}, `${nameOf(i)} taken for ${nameOf(j)}: ${count}`);
      const fill = i === j ? GREEN : ORANGE;
      const cell = element("rect", { x, y, width: side - 1, height: side - 1, fill, "fill-opacity": opacity }, title);
      const number = text(x + side / 2, y + side / 2 + 4, "middle", String(Math.round(count)));
      return n <= NUMBERED ? [cell, number] : [cell];
    });
  });
  const names =
    n > NAMED
      ? []
      : matrix.flatMap((_, i) => {
          const at = margin + (i + 0.5) * side;
          const name = shortName(nameOf(i));
          return [
            text(margin - 6, at + 4, "end", name),
            text(0, 0, "start", name, { transform: `translate(${at + 4} ${margin - 6}) rotate(-60)` }),
          ];
        });
  const edge = element("rect", {
    x: margin,
    y: margin,
    width: n * side,
    height: n * side,
    fill: "none",
    stroke: "currentColor",
    "stroke-opacity": 0.3,
  });
  return svg(width, height, `Confusion matrix of ${n} classes`, [edge, ...cells, ...names]);
}

/** For each bin of probabilities the share that is right; on the diagonal they are the same. */
export function drawReliability(bins: readonly ReliabilityBin[]): Element {
  const [side, left, top] = [260, 44, 12];
  const px = (p: number) => Math.round((left + p * side) * 10) / 10;
  const py = (p: number) => Math.round((top + (1 - p) * side) * 10) / 10;
  const bars = bins.flatMap(({ from, to, count, accuracy, confidence }) => {
    if (count === 0) return [];
    const title = element(
      "title",
      {},
      `${count} of mean probability ${confidence.toFixed(3)}: ${accuracy.toFixed(3)} right`,
    );
    const size = {
      x: px(from) + 1,
      width: Math.max(1, px(to) - px(from) - 2),
      y: py(accuracy),
      height: Math.max(1, py(0) - py(accuracy)),
    };
    return [
      element("rect", { ...size, fill: BLUE, "fill-opacity": 0.6 }, title),
      element("circle", { cx: px(confidence), cy: py(accuracy), r: 3, fill: ORANGE }),
    ];
  });
  const line = { stroke: "currentColor", "stroke-opacity": 0.4 };
  const axes = [
    element("line", { x1: px(0), y1: py(0), x2: px(1), y2: py(1), "stroke-dasharray": "4 4", ...line }),
    element("rect", { x: px(0), y: py(1), width: side, height: side, fill: "none", ...line }),
    ...[0, 0.5, 1].flatMap((p) => [
      text(px(p), py(0) + 16, "middle", String(p)),
      text(px(0) - 6, py(p) + 4, "end", String(p)),
    ]),
    text(px(0.5), py(0) + 32, "middle", "probability"),
    text(0, 0, "middle", "share that is right", { transform: `translate(12 ${py(0.5)}) rotate(-90)` }),
  ];
  return svg(left + side + 16, top + side + 44, "Reliability diagram", [...bars, ...axes]);
}
