/** "Your own": four kinds of data, and one way from examples to a network that one keeps. */
import { useState } from "preact/hooks";
import { LineChart } from "../shell/chart/line-chart.js";
import { Frame, mount } from "../shell/frame.js";
import { LiveText } from "../shell/live.js";
import { yours } from "../text/yours.js";
import { codeOf } from "./code.js";
import { useKeys } from "./keys.js";
import { call } from "./learner.js";
import { base, NetworkPanel, openNetwork } from "./network.js";
import { Pictures } from "./pictures/panel.js";
import * as pictures from "./pictures/state.js";
import { Answers } from "./results/answers.js";
import { Ask } from "./results/ask.js";
import { Keep } from "./results/keep.js";
import { Signals } from "./signals/panel.js";
import { makeGestures } from "./signals/readings.js";
import * as signals from "./signals/state.js";
import { course, duration, kind, known, learn, learned, running, status } from "./state.js";
import { csv, sampleTable, TablePanel, target } from "./table.js";
import { KINDS, type Kind, STEPS } from "./worker/protocol.js";
import "./yours.css";

const isReady = (): boolean => {
  if (kind.value === "table") return csv.value !== "" && target.value !== "";
  if (kind.value === "sensor") return signals.isComplete();
  return pictures.isComplete() && (kind.value === "pictures" || base.value !== null);
};

function begin(): Promise<void> {
  // Where it was started from far away, as by a key or on a phone, it is to be seen all the same: once its chart is there.
  const show = () => document.querySelector(".yours-learning")?.scrollIntoView({ block: "nearest" });
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(show)));
  return learn((options) => {
    const trainings = {
      pictures: () => call("trainPictures", [pictures.pictureSet(), duration.value], options),
      table: () => call("learnTable", [csv.value, target.value], options),
      sensor: () => call("trainSensor", [signals.signalSet(), duration.value], options),
      network: () => call("tuneNetwork", [pictures.pictureSet()], options),
    };
    return trainings[kind.value]();
  });
}

/** Examples that are there without anybody's own, and a network that learns them. */
async function trySample(): Promise<void> {
  if (kind.value === "pictures") pictures.classes.value = await pictures.sampleClasses();
  else if (kind.value === "table") await sampleTable();
  else signals.useReadings(makeGestures(yours.value.gestures));
  await begin();
}

function choose(next: Kind): void {
  running.value?.abort();
  kind.value = next;
  course.value = learned.value = null;
  status.value = "";
  // The networks of pictures see what is looked at; others know nothing of each other's samples.
  if (known.value?.kind !== next) known.value = null;
}

function Yours() {
  const t = yours.value;
  useKeys(() => isReady() && void begin());
  return (
    <Frame page="yours">
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <fieldset class="choices kinds-of-data">
        <legend class="visually-hidden">{t.kindsLabel}</legend>
        {KINDS.map((each) => (
          <label key={each}>
            <input type="radio" name="kind" value={each} checked={kind.value === each} onChange={() => choose(each)} />
            <span>{t.kinds[each]}</span>
          </label>
        ))}
      </fieldset>
      <p>{t.begin[kind.value]}</p>
      <div class="yours">
        <Examples />
        <Learning />
        {learned.value && (
          <section class="card" aria-labelledby="answers-title">
            <h2 id="answers-title">{t.answers}</h2>
            <Answers learned={learned.value} />
          </section>
        )}
        {known.value && (
          <section class="card" aria-labelledby="ask-title">
            <h2 id="ask-title">{t.ask}</h2>
            <Ask known={known.value} />
          </section>
        )}
        <section class="card" aria-labelledby="keep-title">
          <h2 id="keep-title">{t.keep}</h2>
          <Keep />
        </section>
        <section class="card yours-code" aria-labelledby="code-title">
          <h2 id="code-title">{t.code}</h2>
          <Code />
        </section>
      </div>
    </Frame>
  );
}

function Examples() {
  const t = yours.value;
  const panels = { pictures: Pictures, table: TablePanel, sensor: Signals, network: NetworkPanel };
  const Panel = panels[kind.value];
  return (
    <section class="card yours-examples" aria-labelledby="samples-title">
      <h2 id="samples-title">{t.samples}</h2>
      {t.sample[kind.value] && (
        <button
          type="button"
          id="sample"
          class="primary"
          disabled={running.value !== null}
          onClick={() => void trySample()}
        >
          {t.sample[kind.value]}
        </button>
      )}
      {kind.value === "network" && known.value?.kind === "pictures" && (
        <button type="button" onClick={() => void takeTrained()}>
          {t.fromPictures}
        </button>
      )}
      <Panel />
    </section>
  );
}

const takeTrained = async () => openNetwork("pictures.safetensors", await call("exportModel", ["safetensors"]));

function Learning() {
  const t = yours.value;
  const now = course.value;
  const isRunning = running.value !== null;
  const hasSteps = kind.value === "pictures" || kind.value === "sensor";
  const text = status.value || (isReady() ? t.ready : t.need[kind.value]);
  return (
    <section class="card yours-learning" aria-labelledby="learn-title">
      <h2 id="learn-title">{t.learn}</h2>
      <div class="row">
        {hasSteps && (
          <label class="field">
            <span>{t.duration}</span>
            <select
              id="duration"
              value={duration.value}
              disabled={isRunning}
              onChange={({ currentTarget }) => {
                duration.value = currentTarget.value as keyof typeof STEPS;
              }}
            >
              {(Object.keys(STEPS) as (keyof typeof STEPS)[]).map((each) => (
                <option key={each} value={each}>
                  {t.durations[each]}
                </option>
              ))}
            </select>
          </label>
        )}
        <button
          type="button"
          id="train"
          class="primary"
          aria-keyshortcuts="t"
          disabled={!isRunning && !isReady()}
          onClick={() => void begin()}
        >
          {isRunning ? t.stop : t.train}
        </button>
      </div>
      <LiveText text={text} class="status" />
      {now && hasSteps && (
        <LineChart
          title={t.curve}
          name="error"
          height={190}
          x={{ label: t.step, domain: [0, now.steps] }}
          y={{ label: t.error }}
          series={[
            { id: "loss", label: t.loss, colour: "--residual", points: now.losses },
            { id: "accuracy", label: t.accuracy, colour: "--third", dash: "5 4", points: now.accuracies },
          ]}
        />
      )}
      {now && !hasSteps && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <pre class="notes" tabIndex={0}>
          {now.lines.join("\n")}
        </pre>
      )}
    </section>
  );
}

const SAID_MS = 1500;
function Code() {
  const t = yours.value;
  const [isCopied, setCopied] = useState(false);
  const code = codeOf(kind.value, { duration: duration.value, target: target.value, file: base.value?.name ?? "" });
  const copy = async () => {
    await navigator.clipboard.writeText(code).catch(() => {}); // forbidden: the text can be selected
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {isCopied ? t.copied : t.copy}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre class="program" tabIndex={0} lang="en">
        <code>{code}</code>
      </pre>
    </>
  );
}

mount(() => <Yours />);
