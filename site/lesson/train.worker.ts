/** Trains one network of the lesson, away from the page's own thread, and tells the page how it goes. */
import { type Report, type Result, train } from "./experiment.js";
import type { Task } from "./settings.js";

export type Message = { report: Report } | { result: Result } | { failure: string };

// The library of workers is not among this project's types: it would shadow the page's.
const send = (message: Message): void => (globalThis as unknown as Worker).postMessage(message);

addEventListener("message", async ({ data }: MessageEvent<Task>) => {
  try {
    send({ result: await train(data, (report) => send({ report })) });
  } catch (error) {
    send({ failure: String(error) });
  }
});
