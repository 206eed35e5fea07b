/** Something new for the network: what is drawn, seen, read or filled in now. */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { LiveText } from "../../shell/live.js";
import { yours } from "../../text/yours.js";
import { call } from "../learner.js";
import { crop, paint } from "../pictures/pixels.js";
import { changes, look, origin } from "../pictures/state.js";
import { latest } from "../signals/state.js";
import { inWords, known, percent, running, status } from "../state.js";
import type { ClassMap } from "../worker/ask.js";
import type { Known } from "../worker/protocol.js";

/** How often what is looked at is asked for while it changes (ms). */
const INTERVAL = 300;

const answers = signal<number[] | null>(null);

export function Ask({ known }: { known: Known }) {
  useEffect(() => {
    answers.value = null;
  }, [known]);
  if (known.kind === "table") return <Row known={known} />;
  return known.kind === "sensor" ? <Second known={known} /> : <Looked known={known} />;
}

/** Asks again and again, one question at a time, as long as it is shown. */
function useAsking(ask: () => Promise<void>): void {
  const busy = useRef(false);
  useEffect(() => {
    const timer = setInterval(async () => {
      if (busy.current || running.value || !known.value) return;
      busy.current = true;
      const asked = known.value;
      try {
        await ask();
      } catch (error) {
        // A network that was replaced meanwhile is asked next time.
        if (known.value === asked && !running.value) status.value = yours.value.failed((error as Error).message);
      } finally {
        busy.current = false;
      }
    }, INTERVAL);
    return () => clearInterval(timer);
  }, [ask]);
}

let asked = -1;
function Looked({ known: own }: { known: Known }) {
  const t = yours.value;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [ask] = useState(() => async () => {
    if (asked === changes.value && origin.value !== "camera" && answers.value) return;
    asked = changes.value;
    const pixels = look();
    if (!pixels) {
      answers.value = null;
      return;
    }
    const now = await call("askPicture", [pixels]);
    answers.value = now;
    if (!own.hasMaps || !canvas.current) return;
    const map = await call("mapOf", [pixels, now.indexOf(Math.max(...now))]);
    if (map && canvas.current) overlay(canvas.current, pixels, map);
  });
  useAsking(ask);
  return (
    <div class="yours-ask">
      <Bars known={own} />
      {own.hasMaps && (
        <figure class="figure" hidden={!answers.value}>
          <figcaption class="figure-title">
            <strong>{t.map}</strong>
          </figcaption>
          <canvas ref={canvas} class="map" width={168} height={168} role="img" aria-label={t.mapHelp} />
          <p class="note">{t.mapHelp}</p>
        </figure>
      )}
    </div>
  );
}

/** The picture, dark where nothing in it spoke for the answer. */
function overlay(canvas: HTMLCanvasElement, pixels: Uint8Array, { width, height, values }: ClassMap): void {
  paint(canvas, pixels);
  const shade = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  values.forEach((value, i) => {
    // Amber where it spoke, black over the rest.
    image.data.set(value > 0.5 ? [255, 170, 0, 220 * (value - 0.5)] : [0, 0, 0, 300 * (0.5 - value)], 4 * i);
  });
  shade.getContext("2d")?.putImageData(image, 0, 0);
  const context = canvas.getContext("2d");
  if (context) crop(context, shade);
}

function Second({ known: own }: { known: Known }) {
  const [ask] = useState(() => {
    let of: Float32Array | null = null;
    return async () => {
      if (!latest.value || latest.value === of) return;
      of = latest.value;
      answers.value = await call("askWindow", [of]);
    };
  });
  useAsking(ask);
  return <Bars known={own} />;
}

function Row({ known: own }: { known: Known }) {
  const t = yours.value;
  const [fields, setFields] = useState<Record<string, string>>({});
  const ask = async () => {
    answers.value = await call("askRow", [fields]);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}
    >
      <div class="row-form">
        {own.columns.map((name) => (
          <label key={name} class="field">
            <span>{name}</span>
            <input
              type="text"
              value={fields[name] ?? ""}
              onInput={({ currentTarget }) => setFields({ ...fields, [name]: currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <button type="submit">{t.says}</button>
      <Bars known={own} />
    </form>
  );
}

/** The answer in words, and a bar for each class. */
function Bars({ known: own }: { known: Known }) {
  const t = yours.value;
  const now = answers.value;
  return (
    <div class="bars" id="answer">
      <LiveText text={now ? t.answerIs(inWords(now, own)) : ""} class="verdict" />
      {now && own.classNames.length > 0 && (
        <ul>
          {own.classNames.map((name, i) => (
            <li key={name}>
              <span>{name}</span>
              <progress max={1} value={now[i]} aria-label={name} />
              <span class="number">{percent(now[i])}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
