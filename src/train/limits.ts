/** When a fit or an evaluation stops early: heard between batches, and while it waits for one. */
import { now } from "../core/ability.js";
import { expectation, RuntimeSupportError } from "../core/errors.js";

/** What stopped it. */
export type Stopped = "aborted" | "maxMs" | "maxSteps";

interface Given {
  signal?: AbortSignal | undefined;
  maxMs?: number | undefined;
  maxSteps?: number | undefined;
}

/** Batches after which a clock that has not moved at all will not: browsers' coarsest takes 100 ms. */
const STILL = 10_000;

/** Timers take no longer delay. */
const LONGEST = 2 ** 31 - 1;

export class Limits {
  readonly #given: Given;
  readonly #started = now();
  #steps = 0;
  #batches = 0;

  constructor(given: Given) {
    this.#given = given;
  }

  /** A batch is done. */
  count(of: "step" | "other"): void {
    this.#batches++;
    if (of === "step") this.#steps++;
  }

  /** What speaks against a further step. */
  beforeStep(): Stopped | null {
    const { maxSteps = Infinity } = this.#given;
    return this.#given.signal?.aborted ? "aborted" : this.#steps >= maxSteps ? "maxSteps" : this.beforeBatch();
  }

  /** What speaks against a further batch. Time lets each call do one, so that calls in a row come to an end. */
  beforeBatch(): Stopped | null {
    const { signal, maxMs } = this.#given;
    if (signal?.aborted) return "aborted";
    if (maxMs === undefined || this.#batches === 0) return null;
    const passed = now() - this.#started;
    if (passed === 0 && this.#batches >= STILL) {
      const hint = "Use maxSteps where the runtime stops its clock";
      throw new RuntimeSupportError(
        expectation("fit", "maxMs", "a clock that goes", "one that stands still", { hint }),
      );
    }
    return passed >= maxMs ? "maxMs" : null;
  }

  /** Waits for work, or for what comes before its end; the work then goes on by itself. */
  async wait(work: Promise<unknown>): Promise<Stopped | null> {
    const { signal, maxMs } = this.#given;
    if (!signal && maxMs === undefined) return work.then(() => null);
    work.catch(() => {}); // told to whoever waits for it
    if (signal?.aborted) return "aborted";
    let end = (_: Stopped): void => {};
    const stopped = new Promise<Stopped>((resolve) => {
      end = resolve;
    });
    const abort = () => end("aborted");
    signal?.addEventListener("abort", abort);
    const left = maxMs === undefined ? LONGEST : maxMs - (now() - this.#started);
    const timer =
      maxMs === undefined ? undefined : setTimeout(() => end("maxMs"), Math.min(LONGEST, Math.max(0, left)));
    try {
      return await Promise.race([work.then(() => null), stopped]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}
