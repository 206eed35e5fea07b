/** Run, pause, step, rewind: always within reach, with the fingerprint of where one is. */
import { signal } from "@preact/signals";
import { download } from "../../shell/files.js";
import { LiveText } from "../../shell/live.js";
import { lab } from "../../text/lab.js";
import { PACES, type Pace } from "../core/protocol.js";
import { ask, begun, call, furthest, notice, pace, snapshot } from "../state.js";
import { statusOf } from "./format.js";

/** Run or pause was pressed, and the worker has not yet said so: a button that was disabled meanwhile would lose the focus. */
const pressed = signal(false);

export function RunBar() {
  const t = lab.value.bar;
  const now = snapshot.value;
  const running = now?.running ?? false;
  const ready = begun.value !== null && now !== null;
  const toggle = async () => {
    if (pressed.value) return;
    pressed.value = true;
    await (running ? ask("pause") : ask("run", pace.value));
    pressed.value = false;
  };
  return (
    <section class="lab-bar" aria-label={t.label}>
      <div class="row">
        <button type="button" class="primary lab-run" onClick={() => void toggle()} disabled={!ready}>
          {running ? `❚❚ ${t.pause}` : `▶ ${t.run}`}
        </button>
        <button type="button" onClick={() => void ask("step", 1)} disabled={!ready}>
          {t.step}
        </button>
        <button
          type="button"
          aria-label={t.restart}
          title={t.restart}
          onClick={() => void ask("rewind", 0)}
          disabled={!ready}
        >
          <span aria-hidden="true">|◀</span>
        </button>
        <label class="lab-slider lab-rewind">
          <span>
            {t.position} <output class="number">{now?.step ?? 0}</output>
          </span>
          <input
            type="range"
            aria-label={t.rewind}
            min={0}
            max={Math.max(1, furthest.value)}
            value={now?.step ?? 0}
            disabled={!ready || furthest.value === 0}
            onInput={(event) => rewind(Number(event.currentTarget.value))}
          />
        </label>
      </div>
    </section>
  );
}

/** The place that the slider was last drawn to, while the run is on its way to an earlier one. */
let wanted: number | null = null;
let going = false;

function rewind(step: number): void {
  wanted = step;
  if (going) return;
  going = true;
  const go = async () => {
    while (wanted !== null) {
      const to = wanted;
      wanted = null;
      await ask("rewind", to);
    }
    going = false;
  };
  void go();
}

/** SHA-256, of which the page shows a quarter. */
export function Hash() {
  const t = lab.value.bar;
  const now = snapshot.value;
  const hash = now?.hash;
  return (
    <p class="lab-hash">
      {t.hash(now?.step ?? 0)}:{" "}
      {hash ? (
        <code data-hash={hash} title={hash}>
          {hash.slice(0, 16)}
        </code>
      ) : (
        <span>{hash === null ? t.hashNone : t.hashRunning}</span>
      )}
      . {t.same}
    </p>
  );
}

/** How fast it goes; a run at work goes on at the new pace. */
export function PaceChoice() {
  const t = lab.value.bar;
  const set = (value: Pace) => {
    pace.value = value;
    if (snapshot.value?.running) void ask("pause").then(() => ask("run", value));
  };
  return (
    <label class="lab-setting">
      <span>{t.pace}</span>
      <select value={pace.value} onChange={(event) => set(event.currentTarget.value as Pace)}>
        {Object.keys(PACES).map((id) => (
          <option key={id} value={id}>
            {t.paces[id as Pace]}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Status() {
  const now = snapshot.value;
  return <LiveText text={notice.value || (now ? statusOf(now) : lab.value.starting)} class="visually-hidden" />;
}

/** The run as a file, and back; and a link to its settings. */
export function Keep() {
  const t = lab.value;
  const save = async () => {
    const bytes = await ask("save");
    if (!bytes) return;
    download(`laboratory-step-${snapshot.value?.step ?? 0}.safetensors`, bytes, "application/octet-stream");
    notice.value = t.file.saved;
  };
  const saveFigures = async () => {
    const csv = await ask("figures");
    if (csv) download(`laboratory-step-${snapshot.value?.step ?? 0}.csv`, csv, "text/csv");
  };
  const open = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    try {
      await call("open", new Uint8Array(await file.arrayBuffer()));
      notice.value = t.file.opened(file.name, snapshot.value?.step ?? 0);
    } catch (error) {
      notice.value = t.file.bad(file.name, error instanceof Error ? error.message : String(error));
    }
  };
  const copy = async () => {
    await navigator.clipboard.writeText(location.href);
    notice.value = t.bar.copied;
  };
  return (
    <div class="row lab-keep">
      <button type="button" onClick={() => void save()} disabled={!snapshot.value}>
        {t.file.save}
      </button>
      <button type="button" onClick={() => void saveFigures()} disabled={!snapshot.value}>
        {t.file.figures}
      </button>
      <label class="button">
        {t.file.open}
        <input
          type="file"
          accept=".safetensors"
          class="visually-hidden"
          onChange={(event) => void open(event.currentTarget)}
        />
      </label>
      {navigator.clipboard && (
        <button type="button" onClick={() => void copy()}>
          {t.bar.link}
        </button>
      )}
      <p class="lab-notice">{notice.value}</p>
    </div>
  );
}
