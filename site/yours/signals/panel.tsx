/** A sensor: what it reads now, and seconds of each kind. */
import { useEffect, useRef } from "preact/hooks";
import { yours } from "../../text/yours.js";
import { Kinds } from "../kinds.js";
import { status } from "../state.js";
import { readSignals } from "./readings.js";
import {
  beginRecording,
  channels,
  classes,
  closeSensor,
  latest,
  MOST_CLASSES,
  nameOf,
  newClass,
  openSensor,
  recording,
  type SensorKind,
  type SignalClass,
  sensor,
  stream,
  useReadings,
} from "./state.js";

const SENSORS: readonly SensorKind[] = ["microphone", "motion", "file"];

export function Signals() {
  const t = yours.value;
  useEffect(() => closeSensor, []);
  return (
    <div class="yours-data">
      <div class="yours-looking">
        <fieldset class="choices">
          <legend class="visually-hidden">{t.sensorSource}</legend>
          {SENSORS.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="sensor"
                checked={sensor.value === each}
                onChange={() => {
                  closeSensor();
                  sensor.value = each;
                }}
              />
              <span>{t.sensors[each]}</span>
            </label>
          ))}
        </fieldset>
        {sensor.value === "file" ? <SignalFile /> : <Switch kind={sensor.value} />}
        {latest.value && <Trace values={latest.value} count={channels.value.length} />}
      </div>
      <Kinds<SignalClass> kinds={classes} most={MOST_CLASSES} make={() => newClass("")} nameOf={nameOf}>
        {(each, place) => <Recording each={each} place={place} />}
      </Kinds>
    </div>
  );
}

function Switch({ kind }: { kind: "microphone" | "motion" }) {
  const t = yours.value;
  return (
    <>
      <p class="note">{kind === "microphone" ? t.micHelp : t.motionHelp}</p>
      <button type="button" onClick={() => (stream.value ? closeSensor() : void openSensor(kind))}>
        {stream.value ? t.closeSensor : t.openSensor}
      </button>
    </>
  );
}

function SignalFile() {
  const t = yours.value;
  const open = async (input: HTMLInputElement) => {
    const [file] = input.files ?? [];
    if (!file) return;
    try {
      useReadings(readSignals(await file.text()));
    } catch (error) {
      status.value = t.badSignals((error as Error).message);
    }
    input.value = "";
  };
  return (
    <>
      <p class="note">{t.signalFileHelp}</p>
      <label class="button">
        {t.openCsv}
        <input
          class="visually-hidden"
          id="signals"
          type="file"
          accept=".csv,.tsv,.txt,text/csv"
          onChange={({ currentTarget }) => void open(currentTarget)}
        />
      </label>
    </>
  );
}

function Recording({ each, place }: { each: SignalClass; place: number }) {
  const t = yours.value;
  const name = nameOf(each, place);
  const own = recording.value?.id === each.id ? recording.value : null;
  return (
    <div class="row">
      <button
        type="button"
        disabled={!stream.value || recording.value !== null}
        onClick={() => beginRecording(each.id)}
      >
        {t.recordShort}
        <span class="visually-hidden">{t.recordOf(name)}</span>
      </button>
      <span class="note">{own ? t.recording(name, own.left) : t.windows(each.windows.length)}</span>
    </div>
  );
}

const TRACE = { width: 280, height: 120 };

/** The last second: a line for each channel. */
export function Trace({ values, count }: { values: Float32Array; count: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || count === 0) return;
    const { width, height } = TRACE;
    context.clearRect(0, 0, width, height);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const length = values.length / count;
    context.lineWidth = 1.5;
    for (let c = 0; c < count; c++) {
      context.strokeStyle = `hsl(${(300 * c) / count} 70% 55%)`;
      context.beginPath();
      for (let i = 0; i < length; i++) {
        const y = height - 6 - ((values[i * count + c] - low) / (high - low || 1)) * (height - 12);
        context.lineTo((i / (length - 1)) * width, y);
      }
      context.stroke();
    }
  }, [values, count]);
  return <canvas ref={canvas} class="trace" {...TRACE} role="img" aria-label={yours.value.signal} />;
}
