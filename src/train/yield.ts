/** Gives the event loop a turn, so that pages stay responsive and timers and signals are heard. */

/**
 * A turn of the event loop that costs microseconds, where the runtime has one. Not `scheduler.yield`: Chromium runs what
 * comes after it before timers and messages, and a loop of it lets none through.
 */
function turn(): Promise<void> {
  const { scheduler, setImmediate: immediate } = globalThis as {
    scheduler?: { postTask?: (task: () => void) => Promise<void> };
    setImmediate?: (callback: () => void) => void;
  };
  if (scheduler?.postTask) return scheduler.postTask(() => {});
  return new Promise((resolve) => {
    if (immediate) immediate(resolve);
    else setTimeout(resolve, 0);
  });
}

/** A function to call between steps: it yields when the last turn is longer ago than `interval` ms (default 12). */
export function createYielder(interval = 12): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < interval) return;
    await turn();
    last = performance.now();
  };
}
