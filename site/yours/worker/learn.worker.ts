/** The page's worker: it has the model, and does everything that takes longer than a frame. */
import { askPicture, askRow, askWindow, mapOf } from "./ask.js";
import type { Context } from "./context.js";
import { exportModel, openModel } from "./keep.js";
import { openBase, tuneNetwork } from "./network.js";
import { trainPictures } from "./pictures.js";
import type { Reply, Request, Stop } from "./protocol.js";
import { trainSensor } from "./sensor.js";
import { learnTable, previewTable } from "./table.js";

const methods = {
  ...{ trainPictures, trainSensor, learnTable, tuneNetwork },
  ...{ previewTable, openBase, openModel, exportModel },
  ...{ askPicture, askRow, askWindow, mapOf },
};
export type Methods = typeof methods;

const scope = globalThis as unknown as Worker;
const stops = new Map<number, AbortController>();

async function answer({ id, method, args }: Request): Promise<void> {
  const stop = new AbortController();
  stops.set(id, stop);
  const context: Context = {
    signal: stop.signal,
    report: (progress) => scope.postMessage({ id, progress } satisfies Reply),
  };
  try {
    const call = methods[method as keyof Methods] as (...args: unknown[]) => unknown;
    scope.postMessage({ id, result: await call(...args, context) } satisfies Reply);
  } catch (error) {
    scope.postMessage({ id, failure: error instanceof Error ? error.message : String(error) } satisfies Reply);
  } finally {
    stops.delete(id);
  }
}

addEventListener("message", ({ data }: MessageEvent<Request | Stop>) => {
  if ("stop" in data) stops.get(data.stop)?.abort();
  else void answer(data);
});
