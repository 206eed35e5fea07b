/** How good the network is: right answers, what it takes for what, its worst mistakes. */
import { yours } from "../../text/yours.js";
import { Thumbnail } from "../pictures/classes.js";
import { classes as pictureClasses } from "../pictures/state.js";
import { Trace } from "../signals/panel.js";
import { channels, classes as signalClasses } from "../signals/state.js";
import { percent } from "../state.js";
import type { ClassAnswers, Known, Learned, NumberAnswers } from "../worker/protocol.js";

export function Answers({ learned }: { learned: Learned }) {
  const t = yours.value;
  const { classes, numbers, known, held, samples, notes } = learned;
  return (
    <>
      {classes && (
        <>
          <p class="verdict" id="verdict">
            {held > 0 ? t.rightOf(percent(classes.accuracy), held) : t.rightOfOwn(percent(classes.accuracy), samples)}
          </p>
          {classes.linear !== undefined && (
            <p>{t.comparison(percent(classes.linear), percent(classes.constant ?? 0))}</p>
          )}
          <Confusion confusion={classes.confusion} names={known.classNames} />
          <Mistakes answers={classes} known={known} />
        </>
      )}
      {numbers && <Numbers numbers={numbers} />}
      {notes.length > 0 && (
        <details>
          <summary>{t.notes}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <pre class="notes" tabIndex={0}>
            {notes.join("\n")}
          </pre>
        </details>
      )}
    </>
  );
}

function Numbers({ numbers: { rmse, mae, r2, linear, constant } }: { numbers: NumberAnswers }) {
  const t = yours.value;
  const short = (value: number) => value.toPrecision(3);
  return (
    <>
      <p class="verdict" id="verdict">
        {t.numberAnswer(short(rmse), short(mae), r2.toFixed(3))}
      </p>
      <p>{t.numberComparison(short(linear), short(constant))}</p>
    </>
  );
}

/** A row for what it is, a column for what it was taken for; the more, the darker. The number stands in each cell. */
function Confusion({ confusion, names }: { confusion: number[][]; names: string[] }) {
  const t = yours.value;
  const most = Math.max(1, ...confusion.flat());
  const shade = (count: number, isRight: boolean) =>
    count === 0 ? "" : `shade-${Math.ceil((4 * count) / most)} ${isRight ? "right" : "wrong"}`;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label={t.confusion}>
      <table class="confusion">
        <caption>{t.confusion}</caption>
        <thead>
          <tr>
            <td>
              {t.truth} ↓ · {t.taken} →
            </td>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((row, truth) => (
            <tr key={names[truth]}>
              <th scope="row">{names[truth]}</th>
              {row.map((count, taken) => (
                <td key={names[taken]} class={shade(count, truth === taken)}>
                  {count}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Mistakes({ answers: { mistakes }, known }: { answers: ClassAnswers; known: Known }) {
  const t = yours.value;
  const names = known.classNames;
  return (
    <>
      <h3>{t.worst}</h3>
      {mistakes.length === 0 ? (
        <p class="note">{t.noMistakes}</p>
      ) : (
        <ul class="mistakes">
          {mistakes.map(({ sample, expected, predicted, probability }) => (
            <li key={sample}>
              <Sample known={known} sample={sample} />
              <span>{t.mistake(names[expected], names[predicted], percent(probability))}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The sample at this place among all that were learned from, as it was given. */
function Sample({ known: { kind }, sample }: { known: Known; sample: number }) {
  if (kind === "pictures" || kind === "network") {
    const pixels = pictureClasses.value.flatMap(({ pictures }) => pictures)[sample];
    return pixels ? <Thumbnail pixels={pixels} side={84} /> : null;
  }
  if (kind === "sensor") {
    const values = signalClasses.value.flatMap(({ windows }) => windows)[sample];
    return values ? <Trace values={values} count={channels.value.length} /> : null;
  }
  return null;
}
