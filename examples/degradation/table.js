// @ts-check
/** The results as a table for terminals, and how numbers are written. */

/** @typedef {import("./study.js").Study} Study */

/** @param {number} loss */
export const formatLoss = (loss) => (Number.isFinite(loss) ? loss.toFixed(loss < 10 ? 3 : 1) : "overflow");

/** @param {number} accuracy */
export const formatAccuracy = (accuracy) => `${(100 * accuracy).toFixed(1)} %`;

const GAP = "   ";
const HEADS = ["layers", "train loss", "test acc.", "train loss", "test acc."];

/** @param {Study} study */
export function formatTable({ kind, twins }) {
  const line = (/** @type {string[]} */ cells) => cells.map((cell, i) => cell.padStart(HEADS[i].length)).join(GAP);
  const rows = twins.map(({ depth, plain, residual }) =>
    line([
      `${depth}`,
      ...[plain, residual].flatMap(({ loss, accuracy }) => [formatLoss(loss), formatAccuracy(accuracy)]),
    ]),
  );
  // Each net's name in the middle of its two columns.
  const width = (HEADS[1] + GAP + HEADS[2]).length;
  const names = ["plain", "residual"].map((name) => name.padStart((width + name.length) >> 1).padEnd(width));
  const heads = line(HEADS);
  const above = kind.unit.startsWith("hidden") ? "hidden" : "      ";
  return [[above, ...names].join(GAP).trimEnd(), heads, "─".repeat(heads.length), ...rows].join("\n");
}
