/** A picture as a net sees it: where it looks, and its answer. */
import { Figure } from "../../shell/chart/figure.js";
import { lab } from "../../text/lab.js";
import { GLYPH_SIDE } from "../core/datasets.js";
import type { Look } from "../core/look.js";
import type { Kind } from "../core/nets.js";
import { picture } from "../state.js";
import { percent } from "./format.js";
import { Pixels } from "./pixels.js";

const ORANGE = [255, 165, 20];

export function Sight({ kind, look }: { kind: Kind; look: Look }) {
  const t = lab.value.pictures;
  const { pixels, label } = picture.value;
  const best = look.probabilities.indexOf(Math.max(...look.probabilities));
  const says = t.says(best, percent(look.probabilities[best]));
  const { side, data } = look.cam;
  const heat = (x: number, y: number) =>
    between(data, side, ((x + 0.5) / GLYPH_SIDE) * side, ((y + 0.5) / GLYPH_SIDE) * side);
  const colour = (x: number, y: number) => {
    // Grey as the picture is, under orange as strong as the heat: what was looked at is also brighter.
    const grey = 30 + 200 * pixels[y * GLYPH_SIDE + x];
    const warm = 0.65 * (heat(x, y) / 255);
    return ORANGE.map((part) => (1 - warm) * grey + warm * part) as [number, number, number];
  };
  const title = t.answer(lab.value.kinds[kind]);
  const rows = () => look.probabilities.map((p, letter) => [letter, percent(p)]);
  return (
    <Figure title={title} name={`${kind}-grad-cam`} table={{ columns: [t.letter, t.probability], rows }}>
      <Pixels width={GLYPH_SIDE} height={GLYPH_SIDE} zoom={8} label={`${title}. ${says}`} colour={colour} />
      <p class="lab-says">
        {label === null ? "" : best === label ? "✓ " : "✗ "}
        {says}
      </p>
    </Figure>
  );
}

/** The height at a place between the middles of squares, by the four around it. */
function between(data: Uint8Array, side: number, x: number, y: number): number {
  const at = (column: number, row: number) =>
    data[Math.min(side - 1, Math.max(0, row)) * side + Math.min(side - 1, Math.max(0, column))];
  const [left, top] = [Math.floor(x - 0.5), Math.floor(y - 0.5)];
  const [u, v] = [x - 0.5 - left, y - 0.5 - top];
  const row = (r: number) => (1 - u) * at(left, r) + u * at(left + 1, r);
  return (1 - v) * row(top) + v * row(top + 1);
}
