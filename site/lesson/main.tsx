/** The lesson: what depth does to a network, and what a skip connection does about it. */
import { Frame, mount } from "../shell/frame.js";
import { lesson } from "../text/lesson.js";

function Lesson() {
  return (
    <Frame page="lesson">
      <h1>{lesson.value.title}</h1>
    </Frame>
  );
}

mount(() => <Lesson />);
