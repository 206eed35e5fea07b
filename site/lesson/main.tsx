/** The lesson: what depth does to a network, and what a skip connection does about it. */
import { effect } from "@preact/signals";
import { Frame, mount } from "../shell/frame.js";
import { lesson } from "../text/lesson.js";
import { ByDepth } from "./by-depth.js";
import { Equations } from "./equations.js";
import { Stage, Tour } from "./stage.js";
import { Troubles } from "./trouble-cards.js";
import { Twin } from "./twin.js";

function Lesson() {
  const t = lesson.value;
  return (
    <Frame page="lesson">
      <h1>{t.title}</h1>
      <div class="opening">
        <p>{t.lead}</p>
        <Tour />
      </div>
      <Stage />
      <ByDepth />
      <Equations />
      <Twin />
      <Troubles />
      <Further />
    </Frame>
  );
}

/** Where a visitor goes from here. */
function Further() {
  const t = lesson.value.further;
  return (
    <section class="chapter" aria-labelledby="further">
      <h2 id="further">{t.title}</h2>
      <ul>
        {t.points.map((point) => (
          <li key={point}>{point}</li>
        ))}
      </ul>
    </section>
  );
}

effect(() => {
  document.title = `${lesson.value.title} · resnet-wasm`;
});
mount(() => <Lesson />);
