/** Gives the event loop a turn, so that pages stay responsive and timers and signals are heard. */
import { now } from "./ability.js";

/** Worklets have no timers: there, others get their turn when all is done. */
const later = (callback: () => void): unknown => (typeof setTimeout === "function" ? setTimeout(callback) : callback());

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
    try {
      (immediate ?? later)(resolve);
    } catch {
      later(resolve); // Next's edge routes have one that throws
    }
  });
}

/** Calls at one time of the clock after which it may stand still: edge workers stop it while they compute. */
const FIRST_STILL = 8;
const MOST_STILL = 256;

/**
 * A function to call between steps: it yields when the last turn is longer ago than `interval` ms (default 12). Where the
 * clock stands still between turns, calls count; a clock that is only coarse is told from that by its jump at the turn.
 */
export function createYielder(interval = 12): () => Promise<void> {
  let last = now();
  let seen = last;
  let calls = 0;
  let still = FIRST_STILL;
  return async () => {
    const at = now();
    calls = at === seen ? calls + 1 : 0;
    seen = at;
    if (at - last < interval && calls < still) return;
    if (calls >= still) await new Promise<void>(later);
    else await turn();
    last = now();
    const jumped = last - seen >= interval;
    if (calls >= still) still = jumped ? FIRST_STILL : Math.min(MOST_STILL, 2 * still);
    calls = 0;
  };
}
