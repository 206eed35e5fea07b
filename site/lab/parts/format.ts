/** Numbers as the page writes them. */

import { lab } from "../../text/lab.js";
import { KINDS, type Kind } from "../core/nets.js";
import type { Snapshot } from "../core/protocol.js";

export const percent = (share: number): string => `${(100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;

export const figure = (value: number): string =>
  Number.isFinite(value)
    ? value !== 0 && Math.abs(value) < 0.001
      ? value.toExponential(1)
      : value.toPrecision(3)
    : "–";

/** Ticks of axes. */
export const tick = (value: number): string => String(Number(value.toPrecision(2)));

/** Ticks of axes that go over powers of ten. */
export const power = (value: number): string =>
  value >= 0.01 && value < 1000 ? String(Number(value.toPrecision(2))) : value.toExponential(0).replace("+", "");

/** How one net stands, in words. */
export function standing(snapshot: Snapshot, kind: Kind): string {
  const t = lab.value;
  const reading = snapshot.readings.at(-1);
  if (snapshot.failures[kind] !== null || !reading) return t.failed(snapshot.step);
  return t.score(figure(reading.train[kind].loss), percent(reading.test[kind].accuracy));
}

export const statusOf = (snapshot: Snapshot): string => {
  const [plain, residual] = KINDS.map((kind) => standing(snapshot, kind));
  return lab.value.live(snapshot.step, plain, residual);
};
