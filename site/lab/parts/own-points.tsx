/** A board to place points on, and the same as text: by pointer, or by keyboard. */
import { useSignal, useSignalEffect } from "@preact/signals";
import { useWidth } from "../../shell/chart/width.js";
import { lab } from "../../text/lab.js";
import { REACH } from "../core/border.js";
import type { Points } from "../core/points.js";
import { chosen, own } from "../state.js";
import { toPixels } from "./plane.js";

const LETTERS = ["A", "B"];
/** The least of each class. */
const LEAST = 2;

const written = ({ xy, labels }: Points): string =>
  [...labels].map((label, i) => `${xy[2 * i].toFixed(2)}, ${xy[2 * i + 1].toFixed(2)}, ${LETTERS[label]}`).join("\n");

/** Points of a text, or the number of its first line that is none. */
function readLines(text: string): { points: Points } | { bad: number } {
  const xy: number[] = [];
  const labels: number[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const parts = line.split(/[,;\s，]+/).filter(Boolean);
    const label = LETTERS.indexOf(parts[2]?.toUpperCase() ?? "");
    const place = parts.slice(0, 2).map(Number);
    if (parts.length !== 3 || label < 0 || !place.every((v) => Math.abs(v) <= REACH)) return { bad: i + 1 };
    xy.push(...place);
    labels.push(label);
  }
  return { points: { xy: Float32Array.from(xy), labels: Int32Array.from(labels) } };
}

export function OwnPoints() {
  const t = lab.value.own;
  const text = useSignal("");
  useSignalEffect(() => {
    text.value = written(own.value); // also those of a run that was opened
  });
  const label = useSignal(0);
  const problem = useSignal("");
  const [box, size] = useWidth<HTMLDivElement>(280);
  if (chosen.data.value !== "own") return null;
  const read = readLines(text.value);
  const points = "points" in read ? read.points : null;
  const place = (event: MouseEvent & { currentTarget: SVGSVGElement }) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * 2 - 1;
    const y = 1 - ((event.clientY - top) / height) * 2;
    const line = `${(x * REACH).toFixed(2)}, ${(y * REACH).toFixed(2)}, ${LETTERS[label.value]}`;
    text.value = text.value.trim() === "" ? line : `${text.value.trimEnd()}\n${line}`;
  };
  const learn = () => {
    if ("bad" in read) problem.value = t.bad(read.bad);
    else if ([0, 1].some((each) => read.points.labels.filter((l) => l === each).length < LEAST)) problem.value = t.few;
    else {
      problem.value = "";
      own.value = read.points;
    }
  };
  return (
    <section class="card lab-own" aria-label={t.title}>
      <h2>{t.title}</h2>
      <p>{t.help}</p>
      <fieldset class="row">
        <legend class="visually-hidden">{t.classLabel}</legend>
        {lab.value.twins.classes.map((name, each) => (
          <label key={name} class={`legend-${each}`}>
            <input type="radio" name="own-class" checked={label.value === each} onChange={() => (label.value = each)} />{" "}
            {name}
          </label>
        ))}
      </fieldset>
      <div class="lab-own-parts">
        <div ref={box}>
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: the list beside it is the way by keyboard */}
          <svg class="chart lab-board" width={size} height={size} role="img" aria-label={t.board} onClick={place}>
            <rect class="plane-ground" width={size} height={size} />
            {points &&
              [...points.labels].map((each, i) => {
                const [x, y] = toPixels(points.xy[2 * i], points.xy[2 * i + 1], size);
                return each === 0 ? (
                  <circle key={i} class="marks-0" cx={x} cy={y} r={4} />
                ) : (
                  <rect key={i} class="marks-1" x={x - 4} y={y - 4} width={8} height={8} />
                );
              })}
          </svg>
        </div>
        <label>
          {t.list}
          <textarea rows={8} value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
        </label>
      </div>
      <div class="row">
        <button type="button" class="primary" onClick={learn}>
          {t.apply}
        </button>
        <button type="button" onClick={() => (text.value = "")}>
          {t.clear}
        </button>
        <span role="alert">{problem.value}</span>
      </div>
    </section>
  );
}
