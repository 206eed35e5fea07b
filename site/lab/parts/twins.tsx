/** Both nets side by side: what each has learnt, and how right it is. */
import { lab } from "../../text/lab.js";
import { KINDS, type Kind } from "../core/nets.js";
import { begun, snapshot } from "../state.js";
import { figure, percent } from "./format.js";
import { Plane } from "./plane.js";
import { Sight } from "./sight.js";

export function Twins() {
  const t = lab.value;
  return (
    <section aria-label={t.twins.title} class="lab-twins">
      {KINDS.map((kind) => (
        <TwinCard key={kind} kind={kind} />
      ))}
      {begun.value?.points && (
        <p class="lab-legend">
          {t.twins.classes.map((name, label) => (
            <span key={name} class={`legend-${label}`}>
              {name}
            </span>
          ))}
          <span>{t.twins.legend}</span>
        </p>
      )}
    </section>
  );
}

function TwinCard({ kind }: { kind: Kind }) {
  const t = lab.value;
  const [run, now] = [begun.value, snapshot.value];
  const reading = now?.readings.at(-1);
  const failed = now && now.failures[kind] !== null;
  const name = t.kinds[kind];
  return (
    <article class={`card lab-twin ${kind}`}>
      <h2>{name}</h2>
      <p class="lab-scores">
        {failed ? (
          t.failed(now.step)
        ) : (
          <>
            <span class="lab-score">
              <strong class="number">{reading ? percent(reading.test[kind].accuracy) : "–"}</strong> {t.right}
            </span>
            <span class="lab-score">
              {t.loss} <strong class="number">{reading ? figure(reading.train[kind].loss) : "–"}</strong>
            </span>
          </>
        )}
      </p>
      {run?.points && (
        <Plane
          title={t.twins.plane(name)}
          name={`${kind}-plane-step-${now?.step ?? 0}`}
          border={now?.borders?.of[kind] ?? null}
          points={run.points.train}
        />
      )}
      {run?.pictures && now?.looks && <Sight kind={kind} look={now.looks[kind]} />}
      {run && (
        <p class="lab-size">
          {t.twins.parameters(run.nets[kind].parameters.toLocaleString("en"), run.nets[kind].layers.length)}
        </p>
      )}
    </article>
  );
}
