/** The page's end of the laboratory: commands are calls, what happens there comes to a listener. */
import type { Command, Commands, Drawn, Events, Message, Request } from "./core/protocol.js";

/** Milliseconds after which a tab that nobody sees, and that paints nothing, counts as painted: training goes on in it. */
const UNSEEN = 500;

function whenPainted(then: () => void): void {
  let isDone = false;
  const once = () => {
    if (!isDone) then();
    isDone = true;
  };
  requestAnimationFrame(once);
  setTimeout(once, UNSEEN);
}

type Listeners = { [E in keyof Events]: (data: Events[E]) => void };

export interface Client {
  call<C extends Command>(command: C, ...args: Parameters<Commands[C]>): Promise<ReturnType<Commands[C]>>;
}

export function connect(listeners: Listeners): Client {
  const worker = new Worker(new URL("./lab.worker.ts", import.meta.url), { type: "module" });
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  let calls = 0;
  worker.onmessage = ({ data }: MessageEvent<Message>) => {
    if ("answer" in data) {
      const call = waiting.get(data.answer);
      waiting.delete(data.answer);
      if ("error" in data) call?.reject(new Error(data.error));
      else call?.resolve(data.result as never);
      return;
    }
    (listeners[data.event] as (given: unknown) => void)(data.data);
    if (data.event === "snapshot") whenPainted(() => worker.postMessage({ drawn: true } satisfies Drawn));
  };
  worker.onerror = (event) => {
    const error = new Error(event.message || "the worker could not be started");
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    listeners.trouble({ message: error.message });
  };
  return {
    call: (command, ...args) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, command, args } as Request);
      }),
  };
}
