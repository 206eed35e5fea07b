/** Runs one experiment of the three troubles, away from the page's own thread. */
import { type Curves, experiments, type Trouble } from "./troubles.js";

export type TroubleMessage = { curves: Curves } | { done: true } | { failure: string };

const send = (message: TroubleMessage): void => (globalThis as unknown as Worker).postMessage(message);

addEventListener("message", async ({ data }: MessageEvent<{ trouble: Trouble; seed: number }>) => {
  try {
    await experiments[data.trouble]((curves) => send({ curves }), data.seed);
    send({ done: true });
  } catch (error) {
    send({ failure: String(error) });
  }
});
