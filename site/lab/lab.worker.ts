/** The worker: the laboratory behind messages. */
import { Laboratory } from "./core/laboratory.js";
import type { Drawn, Emit, Message, Request } from "./core/protocol.js";

const post = (message: Message, transfer: Transferable[] = []) => self.postMessage(message, { transfer });

/** Called when the page has drawn what it was last told. */
let drawn = () => {};
let isDrawn = true;

const emit: Emit = (event, data) => {
  if (event === "snapshot") isDrawn = false;
  post({ event, data } as Message);
};
const laboratory = new Laboratory(emit, async () => {
  if (!isDrawn) await new Promise<void>((resolve) => (drawn = resolve));
});

addEventListener("message", async ({ data }: MessageEvent<Request | Drawn>) => {
  if ("drawn" in data) {
    isDrawn = true;
    drawn();
    return;
  }
  const { id, command, args } = data;
  try {
    const method = laboratory[command] as (...args: unknown[]) => Promise<unknown>;
    const result = await method.apply(laboratory, args);
    post({ answer: id, result }, result instanceof Uint8Array ? [result.buffer] : []);
  } catch (error) {
    post({ answer: id, error: error instanceof Error ? error.message : String(error) });
  }
});
