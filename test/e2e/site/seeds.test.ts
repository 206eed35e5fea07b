// The lesson's promise, computed with the code that its page runs: at its default depth the plain network ends clearly worse.
import { describe, expect, it } from "vitest";
import { type Result, train } from "../../../site/lesson/experiment.js";
import { DEPTHS, KINDS } from "../../../site/lesson/settings.js";

/** Five seconds each: two where time is short (CI). */
const SEEDS = Array.from({ length: process.env.CI ? 2 : 10 }, (_, i) => i + 1);

describe("the lesson's default run", () => {
  it.each(SEEDS)("ends with at least twice the training error without skip connections: seed %i", async (seed) => {
    const results: Result[] = [];
    for (const kind of KINDS) results.push(await train({ kind, depth: DEPTHS.initial, seed }, () => {}));
    const [plain, residual] = results.map(({ error }) => error);
    console.log(
      `seed ${seed}: plain ${(100 * plain).toFixed(1)} % wrong, with skip connections ${(100 * residual).toFixed(1)} %`,
    );
    expect(plain).toBeGreaterThanOrEqual(2 * residual);
    // Twice nothing is nothing: the plain one must also be seen to fail.
    expect(plain).toBeGreaterThan(0.05);
  });
});
