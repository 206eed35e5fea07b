// The three troubles of depth, computed with the code that the lesson runs: the trouble is seen, and so is its cure.
import { describe, expect, it } from "vitest";
import { type Curves, experiments, type Trouble } from "../../../site/lesson/troubles.js";

async function run(trouble: Trouble, seed: number): Promise<Record<string, number[]>> {
  let last: Curves = {};
  await experiments[trouble]((curves) => {
    last = curves;
  }, seed);
  return Object.fromEntries(Object.entries(last).map(([name, points]) => [name, points.map(([, y]) => y)]));
}

describe.each([1, 2, 3])("the troubles of depth, seed %i", (seed) => {
  it("overfitting: the loss on new letters turns and rises, with dropout and weight decay it ends lower", async () => {
    const { bareNew, bareLearned, curedNew } = await run("overfitting", seed);
    expect(bareLearned.at(-1)).toBeLessThan(0.1);
    expect(bareNew.at(-1)).toBeGreaterThan(1.15 * Math.min(...bareNew));
    expect(curedNew.at(-1)).toBeLessThan(0.85 * bareNew.at(-1)!);
  });

  it("gradients: large and small first weights change them by powers of ten, He's and BatchNorm hardly", async () => {
    const { large, small, he, norm } = await run("gradients", seed);
    // Over 30 layers each doubles or halves what comes back, while what goes forward has done so already.
    expect(Math.min(...large)).toBeGreaterThan(1e4 * Math.max(...he));
    expect(Math.max(...small.slice(1, -1))).toBeLessThan(1e-4 * Math.min(...he));
    expect(Math.max(...he) / Math.min(...he)).toBeLessThan(100);
    // BatchNorm lets the gradient grow by some 1.2 a layer (Yang et al. 2019, arXiv:1902.08129): 300 times over 30, not 10^9.
    expect(Math.max(...norm)).toBeLessThan(1000 * Math.max(...he));
    expect(Math.min(...norm)).toBeGreaterThan(0.01 * Math.min(...he));
  });
});

it("cost: a step takes longer with depth, and less long with bottlenecks", async () => {
  const { full, bottleneck } = await run("cost", 1);
  expect(full.at(-1)).toBeGreaterThan(2 * full[0]);
  expect(bottleneck.at(-1)).toBeLessThan(full.at(-1)!);
});
