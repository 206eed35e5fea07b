// Search of the docs. The index and the program that reads it come when somebody is about to search.
import { useEffect, useRef, useState } from "preact/hooks";
import { docs } from "../../text/docs.js";
import type { Found } from "../search-index.js";

const SHOWN = 12;

type Find = (text: string) => Found[];
let loading: Promise<Find> | undefined;

async function load(): Promise<Find> {
  const [{ default: MiniSearch }, { SEARCH }, answer] = await Promise.all([
    import("minisearch"),
    import("../search-index.js"),
    fetch("./search.json"),
  ]);
  if (!answer.ok) throw new Error(`search.json: ${answer.status}`);
  const index = MiniSearch.loadJSON<Found>(await answer.text(), SEARCH);
  return (text) => index.search(text).slice(0, SHOWN) as unknown as Found[];
}

export function Search() {
  const t = docs.value;
  const [text, setText] = useState("");
  const [found, setFound] = useState<Found[] | "failed" | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLOListElement>(null);

  const get = () => {
    loading ??= load();
    return loading;
  };

  useEffect(() => {
    if (text.trim() === "") return setFound(null);
    let isNewest = true;
    get().then(
      (find) => isNewest && setFound(find(text)),
      () => {
        loading = undefined;
        if (isNewest) setFound("failed");
      },
    );
    return () => {
      isNewest = false;
    };
  }, [text]);

  useEffect(() => {
    const slash = (event: KeyboardEvent) => {
      if (event.key !== "/" || (event.target as Element).matches("input, textarea, select")) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", slash);
    return () => removeEventListener("keydown", slash);
  }, []);

  /** Arrows go from the field through what was found, Escape back. */
  const move = (event: KeyboardEvent) => {
    const links = [...(list.current?.querySelectorAll("a") ?? [])];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (event.key === "Escape") {
      setText("");
      input.current?.focus();
    } else if (event.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : input.current)?.focus();
    else if (event.key === "Enter" && at < 0 && links.length > 0) links[0].click();
    else return;
    event.preventDefault();
  };

  const count = found === "failed" ? t.searchFailed : found ? t.found(found.length) : "";
  return (
    <search class="docs-search" onKeyDown={move}>
      <input
        ref={input}
        type="search"
        value={text}
        placeholder={t.search}
        aria-label={t.search}
        aria-keyshortcuts="/"
        onFocus={() => void get().catch(() => {})}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p role="status" class={found === "failed" || found?.length === 0 ? "docs-found" : "visually-hidden"}>
        {count}
      </p>
      {Array.isArray(found) && found.length > 0 && (
        <ol ref={list} class="docs-found" lang="en">
          {found.map(({ id, title, page }) => (
            <li key={id}>
              <a href={id} onClick={() => setText("")}>
                <strong>{title}</strong> {title !== page && <span>{page}</span>}
              </a>
            </li>
          ))}
        </ol>
      )}
    </search>
  );
}
