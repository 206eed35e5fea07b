/** The four equations of a residual block beside the code that runs, on weights that have just been learned, term by term. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { reducedMotion } from "../shell/preferences.js";
import { lesson } from "../text/lesson.js";
import { block, TERMS, type Term, type Vector } from "./block.js";
import source from "./block.ts?raw";
import type { Block } from "./experiment.js";
import { learnBlock, nets } from "./run.js";
import "./equations.css";

interface Trace {
  input: Vector;
  values: Record<Term, Vector>;
  /** Largest difference from what the library's kernels gave. */
  difference: number;
}

/** The code as it stands in block.ts, without what only the compiler reads. */
const lines = source
  .slice(source.indexOf("begins.") + 8, source.indexOf("// The printed part ends"))
  .trim()
  .replace(/: (Vector|Matrix|Step)/g, "")
  .replace("export ", "")
  .split("\n");

/** Which line of the code, counted from the equations' first, a term is on. */
const LINE: Record<Term, number> = { W1a: 1, z1: 1, a1: 2, W2a1: 3, z2: 3, sum: 4, a2: 4 };

const at = signal(-1);
const playing = signal(false);
const learning = signal(false);

function trace({ weights: { W1, b1, W2, b2 }, input, output }: Block): Trace {
  const values = {} as Record<Term, Vector>;
  const a2 = block(input, W1, b1, W2, b2, (term, value) => {
    values[term] = value;
    return value;
  });
  return { input, values, difference: Math.max(...a2.map((value, i) => Math.abs(value - output[i]))) };
}

/** Milliseconds that a term stays lit. */
const BEAT = 900;

export function Equations() {
  const t = lesson.value.equations;
  const learned = nets.value.residual?.result?.block ?? null;
  const traced = learned && trace(learned);
  const term = TERMS[at.value];

  useEffect(() => {
    if (!playing.value) return;
    const timer = setTimeout(() => {
      if (at.value < TERMS.length - 1) at.value += 1;
      else playing.value = false;
    }, BEAT);
    return () => clearTimeout(timer);
  }, [playing.value, at.value]);

  const ready = async () => {
    if (nets.value.residual?.result?.block) return;
    learning.value = true;
    await learnBlock();
    learning.value = false;
  };
  const play = async () => {
    await ready();
    at.value = 0;
    playing.value = true;
  };
  const step = async (by: number) => {
    await ready();
    playing.value = false;
    at.value = Math.min(TERMS.length - 1, Math.max(0, at.value + by));
  };
  return (
    <section class="chapter" aria-labelledby="equations">
      <h2 id="equations">{t.title}</h2>
      <p>{t.lead}</p>
      <div class="card equations">
        <div class="row">
          {!reducedMotion.value && (
            <button type="button" class="primary" disabled={learning.value} onClick={() => void play()}>
              {t.play}
            </button>
          )}
          <button type="button" disabled={learning.value} onClick={() => void step(-1)}>
            {t.back}
          </button>
          <button type="button" disabled={learning.value} onClick={() => void step(1)}>
            {t.next}
          </button>
        </div>
        <div class="equations-pair">
          <Formulas term={term} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <section class="equations-code" tabIndex={0} aria-label={t.code}>
            <pre>
              <code>
                {lines.map((line, i) => (
                  <span key={line} class={term && LINE[term] === i ? "code-line lit" : "code-line"}>
                    {line}
                    {"\n"}
                  </span>
                ))}
              </code>
            </pre>
          </section>
        </div>
        <p role="status" class="equations-said">
          {learning.value ? t.learning : term ? t.terms[term] : t.start}
        </p>
        {traced && (
          <>
            <Strip label="a" values={traced.input} lit={term === "W1a" || term === "sum"} />
            {TERMS.map((name, i) => (
              <Strip
                key={name}
                label={NAMES[name]}
                values={i <= at.value ? traced.values[name] : null}
                lit={name === term}
              />
            ))}
            <p class="stage-note">{t.check(traced.difference.toExponential(0))}</p>
          </>
        )}
      </div>
    </section>
  );
}

const NAMES: Record<Term, string> = {
  W1a: "W₁a",
  z1: "z₁",
  a1: "a₁",
  W2a1: "W₂a₁",
  z2: "z₂",
  sum: "z₂ + a",
  a2: "a₂",
};

/** z₁ = W₁a + b₁ · a₁ = g(z₁) · z₂ = W₂a₁ + b₂ · a₂ = g(z₂ + a), each part named by the term that computes it. */
const FORMULAS: readonly (readonly [text: string, term?: Term])[][] = [
  [["z₁ = "], ["W₁a", "W1a"], [" + b₁", "z1"]],
  [["a₁ = "], ["g(z₁)", "a1"]],
  [["z₂ = "], ["W₂a₁", "W2a1"], [" + b₂", "z2"]],
  [["a₂ = "], ["g(", "a2"], ["z₂ + a", "sum"], [")", "a2"]],
];

function Formulas({ term }: { term?: Term }) {
  return (
    <ol class="formulas">
      {FORMULAS.map((parts) => (
        <li key={parts[0][0]}>
          {parts.map(([text, own], i) => (
            <span key={i} class={own !== undefined && own === term ? "lit" : ""}>
              {text}
            </span>
          ))}
        </li>
      ))}
    </ol>
  );
}

/** 64 numbers as 64 bars, up for positive ones and down for negative ones. */
function Strip({ label, values, lit }: { label: string; values: Vector | null; lit: boolean }) {
  const largest = values ? Math.max(1e-9, ...values.map(Math.abs)) : 1;
  const [width, height] = [256, 28];
  const name = values
    ? `${label}: ${lesson.value.equations.range(Math.min(...values).toFixed(2), Math.max(...values).toFixed(2))}`
    : label;
  return (
    <div class={lit ? "strip lit" : "strip"}>
      <span class="number">{label}</span>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={name}>
        <line class="axis" x1={0} x2={width} y1={height / 2} y2={height / 2} />
        {values &&
          Array.from(values, (value, i) => {
            const size = (Math.abs(value) / largest) * (height / 2);
            return <rect key={i} x={i * 4} width={3} y={value > 0 ? height / 2 - size : height / 2} height={size} />;
          })}
      </svg>
    </div>
  );
}
