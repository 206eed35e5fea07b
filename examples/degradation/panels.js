// @ts-check
/** The report's charts: losses as the nets learn, and the gradient of each layer. */
import { lineChart } from "./charts.js";
import { formatLoss } from "./table.js";

/** @typedef {import("./experiment.js").Result} Result */
/** @typedef {import("./study.js").Study} Study */

const KINDS = /** @type {const} */ (["plain", "residual"]);

/** @param {string} text */
export const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Points of a curve: fewer than steps, so that single batches do not hide its course. */
const POINTS = 60;

/**
 * Means of the losses over stretches of equal length, at the middle of each, in epochs.
 * @param {number[]} losses
 * @param {number} stepsPerEpoch
 */
function curve(losses, stepsPerEpoch) {
  const length = Math.max(1, Math.ceil(losses.length / POINTS));
  const points = [];
  for (let at = 0; at < losses.length; at += length) {
    const part = losses.slice(at, at + length);
    const y = part.reduce((sum, loss) => sum + loss, 0) / part.length;
    points.push({ x: (at + part.length / 2) / stepsPerEpoch, y });
  }
  return points;
}

/** @param {Study} study */
export const lossPanels = (study) =>
  lossCharts(study)
    .map(({ panel, axes }) => lineChart(panel, axes))
    .join("\n");

/**
 * A chart for each depth, all on one scale.
 * @param {Study} study
 * @returns {{ panel: import("./charts.js").Panel, axes: import("./charts.js").Axes }[]}
 */
export function lossCharts({ kind: { unit, recipe }, twins, images, epochs }) {
  const stepsPerEpoch = Math.ceil(images.train.length / recipe.batchSize);
  const guessing = Math.log(images.train.classes);
  const top = 1.25 * guessing;
  const ticks = [0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6].filter((tick) => tick <= top && (tick % 1 === 0 || top < 2));
  const every = Math.max(1, Math.ceil(epochs / 4));
  const marks = Array.from({ length: Math.floor(epochs / every) }, (_, i) => (i + 1) * every);
  const axes = {
    x: { from: 0, to: epochs },
    y: { from: 0, to: top, ticks },
    xTicks: [
      { at: 0, label: "0" },
      ...marks.map((at) => ({ at, label: at < epochs ? `${at}` : at === 1 ? "1 epoch" : `${at} epochs` })),
    ],
    formatY: String,
    right: twins.some(({ plain, residual }) => !Number.isFinite(plain.loss + residual.loss)) ? 62 : 44,
    rule: { y: guessing, label: `guessing ${formatLoss(guessing)}` },
  };
  return twins.map((pair) => {
    const series = KINDS.map((kind) => ({
      kind,
      points: curve(pair[kind].losses, stepsPerEpoch),
      label: formatLoss(pair[kind].loss),
    }));
    const description = KINDS.map((kind) => `${kind}: ${describeCurve(pair[kind])}`).join("; ");
    return { panel: { title: `${pair.depth} ${unit}`, description: `Training loss, ${description}.`, series }, axes };
  });
}

/** @param {Result} result */
function describeCurve({ losses, loss, failure }) {
  if (failure !== null) return `training broke off after ${losses.length} steps`;
  return `from ${formatLoss(losses[0])} at the first step to ${formatLoss(loss)} after the last`;
}

/** @param {Study} study */
export function quartileTable({ kind: { unit }, twins }) {
  const places = [0, 0.25, 0.5, 0.75, 1];
  const rows = twins.flatMap((pair) =>
    KINDS.map((kind) => {
      const points = curve(pair[kind].losses, 1);
      const cells = places.map((place) => {
        const point = points[Math.round(place * (points.length - 1))];
        return `<td>${point ? formatLoss(point.y) : "–"}</td>`;
      });
      return `<tr><th scope="row">${pair.depth}, <span class="${kind}">${kind}</span></th>${cells.join("")}</tr>`;
    }),
  );
  const heads = ["start", "¼", "½", "¾", "end"].map((head) => `<th scope="col">${head}</th>`).join("");
  return `<details><summary>The curves as numbers</summary><div class="scroll"><table><caption>Training loss along the way</caption><thead><tr><th scope="col">${capital(unit)}</th>${heads}</tr></thead><tbody>${rows.join("")}</tbody></table></div></details>`;
}

/** @param {Study} study */
export function gradientPanels({ kind: { unit }, twins }) {
  const rows = /** @type {const} */ ([
    ["gradientsBefore", "Before the first step"],
    ["gradientsAfter", "After training"],
  ]);
  const norms = twins.flatMap((pair) => KINDS.flatMap((kind) => rows.flatMap(([key]) => pair[kind][key])));
  const positive = norms.filter((norm) => norm > 0 && Number.isFinite(norm));
  // The same for all panels, so that they compare.
  const low = Math.floor(Math.log10(Math.min(...positive)));
  const top = Math.max(1.3 * Math.max(...positive), 10 ** (low + 2));
  const step = Math.ceil((Math.log10(top) - low) / 6);
  /** @type {number[]} */
  const ticks = [];
  for (let exponent = low; 10 ** exponent <= top; exponent += step) ticks.push(10 ** exponent);
  return rows
    .map(([key, name]) => {
      const charts = twins.map((pair) => {
        const layers = pair.plain[key].length;
        const axes = {
          x: { from: 0, to: layers - 1 },
          y: { from: 10 ** low, to: top, ticks },
          xTicks: [
            { at: 0, label: "input" },
            { at: layers - 1, label: "output" },
          ],
          formatY: formatPower,
          right: 60,
          log: true,
          dots: true,
        };
        const series = KINDS.map((kind) => ({
          kind,
          points: pair[kind][key].map((y, x) => ({ x, y })),
          label: kind,
        }));
        const description = KINDS.map((kind) => `${kind}: ${describeNorms(pair[kind][key])}`).join("; ");
        return lineChart({ title: `${pair.depth} ${unit}`, description: `${name}, ${description}.`, series }, axes);
      });
      return `<p class="row">${name}</p><div class="panels dotted">${charts.join("\n")}</div>`;
    })
    .join("\n");
}

/** @param {number[]} norms */
function describeNorms(norms) {
  const [first, last] = [norms[0], norms[norms.length - 1]].map((norm) => norm.toPrecision(2));
  const sorted = norms.toSorted((a, b) => a - b).map((norm) => norm.toPrecision(2));
  return `gradient norm ${first} at the input layer, ${last} at the output layer, ${sorted[0]} to ${sorted[sorted.length - 1]} over all ${norms.length} layers`;
}

/** @param {number} value a power of ten */
function formatPower(value) {
  const exponent = Math.round(Math.log10(value));
  return exponent >= -3 && exponent <= 3 ? String(Number(value.toPrecision(1))) : `1e${exponent}`;
}
