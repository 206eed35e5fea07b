/** The lesson: what depth does to a network, and what a skip connection does about it. */
import { Frame, mount } from "../shell/frame.js";
import { lesson } from "../text/lesson.js";
import { Stage, Tour } from "./stage.js";

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
    </Frame>
  );
}

mount(() => <Lesson />);
