/** What a run is made of, as controls: each setting of the table in core/settings.ts. */
import { lab } from "../../text/lab.js";
import { convolutionalDepth, isConvolutional } from "../core/nets.js";
import { DEFAULTS, SETTINGS, type SettingName, type WholeName, type WordName } from "../core/settings.js";
import { choose, chosen } from "../state.js";
import { PaceChoice } from "./bar.js";

/** Settings that change nothing where pictures, or own points, are learnt. */
const IDLE: Record<string, readonly SettingName[]> = { glyphs: ["noise", "width", "norm"], own: ["noise", "samples"] };

export function SettingsForm() {
  const t = lab.value.settings;
  const idle = IDLE[chosen.data.value] ?? [];
  const control = (name: SettingName) =>
    idle.includes(name) ? null : "words" in SETTINGS[name] ? (
      <Words key={name} name={name as WordName} />
    ) : (
      <Whole key={name} name={name as WholeName} />
    );
  const first: SettingName[] = ["data", "depth", "seed"];
  const others = (Object.keys(SETTINGS) as SettingName[]).filter((name) => !first.includes(name));
  return (
    <form class="card lab-settings" aria-label={t.title} onSubmit={(event) => event.preventDefault()}>
      {first.map(control)}
      <details>
        <summary>{t.more}</summary>
        <PaceChoice />
        {others.map(control)}
        <button type="button" onClick={() => choose(DEFAULTS)}>
          {t.reset}
        </button>
      </details>
    </form>
  );
}

function Words({ name }: { name: WordName }) {
  const t = lab.value.settings;
  const value = chosen[name];
  return (
    <label class="lab-setting">
      <span>{t[name]}</span>
      <select value={value.value} onChange={(event) => choose({ [name]: event.currentTarget.value })}>
        {SETTINGS[name].words.map((word) => (
          <option key={word} value={word}>
            {t.words[word]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Whole({ name }: { name: WholeName }) {
  const { min, max, step } = SETTINGS[name];
  const { value } = chosen[name];
  const set = (input: HTMLInputElement) => {
    const given = Math.round((Number(input.value) - min) / step) * step + min;
    choose({ [name]: Math.min(max, Math.max(min, given)) });
  };
  const label = lab.value.settings[name];
  // A seed is any number: a slider of ten thousand places is none.
  if (name === "seed")
    return (
      <label class="lab-setting">
        <span>{label}</span>
        <input type="number" min={min} max={max} value={value} onChange={(event) => set(event.currentTarget)} />
      </label>
    );
  return (
    <label class="lab-setting">
      <span>
        {label} <output class="number">{shown(name, value)}</output>
      </span>
      <input
        type="range"
        {...{ min, max, step, value }}
        aria-valuetext={shown(name, value)}
        onInput={(event) => set(event.currentTarget)}
      />
    </label>
  );
}

function shown(name: WholeName, value: number): string {
  if (name === "rate") return String(value / 1000);
  if (name === "noise") return `${value} %`;
  if (name === "depth" && isConvolutional({ data: chosen.data.value })) return String(convolutionalDepth(value) - 2);
  return String(value);
}
