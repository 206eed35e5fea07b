// @ts-check
/** Small line charts as inline SVG: one panel for each depth, all on one scale, coloured by the page's style sheet. */

/**
 * @typedef {object} Series
 * @property {"plain" | "residual"} kind
 * @property {{ x: number, y: number }[]} points
 * @property {string} label written at the end of the line
 */

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} description what the panel shows, for those who cannot see it
 * @property {Series[]} series
 */

/**
 * @typedef {object} Axes
 * @property {{ from: number, to: number }} x
 * @property {{ from: number, to: number, ticks: number[] }} y
 * @property {{ at: number, label: string }[]} xTicks
 * @property {(y: number) => string} formatY
 * @property {number} right room for the labels at the ends of the lines
 * @property {{ y: number, label: string }} [rule] a horizontal line for comparison
 * @property {boolean} [log] the y axis counts powers of ten
 * @property {boolean} [dots] mark every point
 */

/** In CSS pixels at the width that a panel has on a desktop, so that text has the size that the style sheet says. */
export const SIZE = { width: 240, height: 176 };
const MARGIN = { left: 36, top: 10, bottom: 24 };

/** @param {string} text */
export const escapeText = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** @param {number} value */
const px = (value) => value.toFixed(1).replace(/\.0$/, "");

let panels = 0;

/**
 * A chart as a part of a page, with its title above.
 * @param {Panel} panel
 * @param {Axes} axes
 */
export const lineChart = (panel, axes) =>
  `<figure class="panel"><figcaption>${escapeText(panel.title)}</figcaption>\n${drawChart(panel, axes)}</figure>`;

/**
 * The chart alone, as SVG.
 * @param {Panel} panel
 * @param {Axes} axes
 * @param {string} [place] attributes that give it a place in a larger picture
 */
export function drawChart({ title, description, series }, axes, place = "") {
  const id = `chart-${++panels}`;
  const { width, height } = SIZE;
  const right = width - axes.right;
  const bottom = height - MARGIN.bottom;
  const scaleY = (/** @type {number} */ y) => (axes.log ? Math.log10(y) : y);
  const [low, high] = [scaleY(axes.y.from), scaleY(axes.y.to)];
  const at = (/** @type {{ x: number, y: number }} */ { x, y }) => ({
    x: MARGIN.left + ((x - axes.x.from) / (axes.x.to - axes.x.from)) * (right - MARGIN.left),
    y: bottom - ((scaleY(y) - low) / (high - low)) * (bottom - MARGIN.top),
  });

  const grid = axes.y.ticks.map((tick) => {
    const { y } = at({ x: axes.x.from, y: tick });
    const line = `<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${px(y)}" y2="${px(y)}"/>`;
    return `${line}<text class="tick" x="${MARGIN.left - 6}" y="${px(y + 3.5)}" text-anchor="end">${axes.formatY(tick)}</text>`;
  });
  const bottomLabels = axes.xTicks.map((tick) => {
    const { x } = at({ x: tick.at, y: axes.y.from });
    const anchor = tick.at === axes.x.from ? "start" : tick.at === axes.x.to ? "end" : "middle";
    return `<text class="tick" x="${px(x)}" y="${height - 8}" text-anchor="${anchor}">${escapeText(tick.label)}</text>`;
  });
  const rule = axes.rule ? drawRule(axes.rule, at({ x: axes.x.from, y: axes.rule.y }).y, right) : "";

  const drawn = series.map((one) => drawSeries(one, axes, at));
  const ends = endLabels(series, axes, at, bottom);
  return `<svg${place} viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${escapeText(title)}</title><desc id="${id}-d">${escapeText(description)}</desc>
<clipPath id="${id}-c"><rect x="${MARGIN.left - 4}" y="${MARGIN.top - 4}" width="${right - MARGIN.left + 8}" height="${bottom - MARGIN.top + 8}"/></clipPath>
${grid.join("")}${bottomLabels.join("")}${rule}<g clip-path="url(#${id}-c)">${drawn.join("")}</g>${ends}</svg>`;
}

/**
 * @param {{ label: string }} rule
 * @param {number} y
 * @param {number} right
 */
const drawRule = ({ label }, y, right) =>
  `<line class="rule" x1="${MARGIN.left}" x2="${right}" y1="${px(y)}" y2="${px(y)}"/>` +
  `<text class="tick" x="${right}" y="${px(y - 4)}" text-anchor="end">${escapeText(label)}</text>`;

/**
 * @param {Series} series
 * @param {Axes} axes
 * @param {(point: { x: number, y: number }) => { x: number, y: number }} at
 */
function drawSeries({ kind, points }, axes, at) {
  // A logarithm has no place for 0: such points stand on the axis, hollow, and the line passes over them.
  const onLine = points.filter(({ y }) => Number.isFinite(y) && (!axes.log || y > 0));
  const path = onLine.map(at).map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${px(x)} ${px(y)}`);
  const line = path.length > 1 ? `<path class="line ${kind}" d="${path.join("")}"/>` : "";
  if (!axes.dots) return line;
  const radius = points.length > 30 ? 1.4 : 2.2;
  const dots = points
    .filter(({ y }) => Number.isFinite(y))
    .map((point) => {
      const isZero = axes.log && point.y <= 0;
      const { x, y } = at(isZero ? { ...point, y: axes.y.from } : point);
      return `<circle class="${kind}${isZero ? " zero" : ""}" cx="${px(x)}" cy="${px(y)}" r="${radius}"/>`;
    });
  return line + dots.join("");
}

/** Least distance of two labels' baselines. */
const LINE_HEIGHT = 13;

/**
 * Names the lines at their right ends, moved apart where they would overlap.
 * @param {Series[]} series
 * @param {Axes} axes
 * @param {(point: { x: number, y: number }) => { x: number, y: number }} at
 * @param {number} bottom
 */
function endLabels(series, axes, at, bottom) {
  const inside = (/** @type {number} */ y) => Math.min(Math.max(y, axes.y.from), axes.y.to);
  const labels = series
    .map(({ kind, label, points }) => {
      const last = points.findLast(({ y }) => Number.isFinite(y) && (!axes.log || y > 0));
      return { kind, label, y: last ? at({ x: 0, y: inside(last.y) }).y : MARGIN.top };
    })
    .sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i].y = Math.max(labels[i].y, labels[i - 1].y + LINE_HEIGHT);
  const excess = labels.length > 0 ? Math.max(0, labels[labels.length - 1].y - bottom) : 0;
  const x = SIZE.width - axes.right + 6;
  return labels
    .map(
      ({ kind, label, y }) =>
        `<text class="end ${kind}" x="${x}" y="${px(y - excess + 4)}">${escapeText(label)}</text>`,
    )
    .join("");
}
