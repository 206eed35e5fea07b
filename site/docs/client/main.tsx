// The living parts of a page of the docs: frame, search, copy buttons. Its text stands in the page.
import { effect } from "@preact/signals";
import { render } from "preact";
import { FrameBottom, FrameTop } from "../../shell/frame.js";
import { docs } from "../../text/docs.js";
import { enableCopying } from "./copy.js";
import "./docs.css";
import { Search } from "./search.js";

const place = (id: string): Element => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`docs: the page has no element with the id ${id}`);
  return found;
};

function Top() {
  return (
    <>
      <FrameTop page="docs" root="../" />
      <div class="docs-bar">
        <Search />
        {docs.value.onlyEnglish && <aside class="docs-note">{docs.value.onlyEnglish}</aside>}
      </div>
    </>
  );
}

render(<Top />, place("frame-top"));
render(<FrameBottom root="../" />, place("frame-bottom"));
effect(enableCopying);

// The menu lies open where it has a column of its own.
const wide = matchMedia("(min-width: 64rem)");
const menu = document.querySelector<HTMLDetailsElement>(".docs-menu");
const unfold = () => {
  if (menu) menu.open = wide.matches;
};
wide.addEventListener("change", unfold);
unfold();
