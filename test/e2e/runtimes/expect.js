// What is expected of the outcomes of faults.ts.

export function check(condition, message) {
  if (!condition) throw new Error(message);
}

/** A typed error that contains the text. */
export function refused(outcome, text) {
  const { error } = outcome;
  check(error, `expected an error, got ${JSON.stringify(outcome)}`);
  check(
    error.typed && error.name === "RuntimeSupportError",
    `expected a RuntimeSupportError, got ${error.name}: ${error.message}`,
  );
  check(error.message.includes(text), `expected an error with "${text}", got "${error.message}"`);
}

/** One thread, for the reason. */
export function fellBack(outcome, why) {
  check(outcome.threads === 1, `expected one thread, got ${JSON.stringify(outcome)}`);
  check(outcome.why.includes(why), `expected the reason "${why}", got "${outcome.why}"`);
}

export function threaded(outcome) {
  check(outcome.threads === 2, `expected two threads, got ${JSON.stringify(outcome)}`);
}

/** That there is an outcome at all shows that the process ended. */
export const exitsByItself = threaded;

/**
 * The step during which a worker died fails, later ones at once; the weights are still there. (Deno tells of the death
 * at once, so that its next step does not begin.)
 */
export function killedWorker({ during, after, seconds: [first, next], rescued }) {
  refused(during, "run: ");
  refused(after, "run: worker threads expected alive");
  check(first < 60, `expected the first error within 60 s, got it after ${first} s`);
  check(next < 1, `expected the next error within 1 s, got it after ${next} s`);
  check(rescued === 0, `expected the weights as they were, got a difference of ${rescued}`);
}
