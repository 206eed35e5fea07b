/** One click: a plain network of convolutions becomes its residual twin, and back. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lesson } from "../text/lesson.js";
import type { TwinReply, TwinRequest } from "./twin.worker.js";
import "./twin.css";

const reply = signal<TwinReply | null>(null);
const failure = signal("");
let worker: Worker | null = null;

function ask(request: TwinRequest): void {
  if (!worker) {
    worker = new Worker(new URL("./twin.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<TwinReply>) => {
      reply.value = data;
    };
    worker.onerror = ({ message }) => {
      failure.value = message || "the worker could not be loaded";
    };
  }
  worker.postMessage(request);
}

export function Twin() {
  const t = lesson.value.twin;
  const isResidual = (reply.value?.blocks ?? 0) > 0;
  // Asked for when somebody scrolls here: the first screen does not wait for it.
  useEffect(() => {
    const place = document.getElementById("twin");
    if (!place) return;
    const observer = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      observer.disconnect();
      if (!reply.value) ask("plain");
    });
    observer.observe(place);
    return () => observer.disconnect();
  }, []);
  return (
    <section class="chapter" aria-labelledby="twin">
      <h2 id="twin">{t.title}</h2>
      <p>{t.lead}</p>
      <div class="card twin">
        <div class="row">
          <button
            type="button"
            class="primary"
            disabled={!reply.value}
            onClick={() => ask(isResidual ? "toPlain" : "toResidual")}
          >
            {isResidual ? t.toPlain : t.toResidual}
          </button>
          <code>{isResidual ? "const plain = plainTwin(network)" : "const network = residualTwin(plain)"}</code>
        </div>
        <p role="status">
          {failure.value || (reply.value ? t.now(reply.value.blocks, reply.value.parameters) : t.waiting)}
        </p>
        {reply.value && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
          <section class="figure-scroll" tabIndex={0} aria-label={t.listing}>
            <pre>
              {reply.value.summary.split("\n").map((line, i) => (
                <span key={i} class={/\(Residual\)|^ {4}/.test(line) ? "twin-line in-block" : "twin-line"}>
                  {line}
                  {"\n"}
                </span>
              ))}
            </pre>
          </section>
        )}
      </div>
    </section>
  );
}
