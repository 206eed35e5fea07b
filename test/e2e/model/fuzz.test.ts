// Changed models, checkpoints and kernels, also where digests were put right. Longer:
// node scripts/run.js scripts/fuzz.ts models checkpoints kernels --count 20000
import { expect, it } from "vitest";
import { fuzz } from "../../support/fuzz/fuzz.js";
import { checkpointTarget, kernelsTarget, modelTarget } from "../../support/fuzz/models.js";

it("changed models are loaded and predict, or are refused by a typed error; what save writes is read", async () => {
  const { loaded, refused } = await fuzz(await modelTarget(), 800, 1);
  expect(loaded).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(300);
});

it("changed checkpoints are taken or refused by a typed error, and the trainer goes on", async () => {
  const { loaded, refused } = await fuzz(await checkpointTarget(), 1500, 1);
  expect(loaded).toBeGreaterThan(50);
  expect(refused).toBeGreaterThan(500);
});

// Of a compiled module nobody can tell the bytes: changed ones that are valid are taken, and not run.
it("changed kernels are refused", async () => {
  const { refused } = await fuzz(kernelsTarget(new URL("../../golden/", import.meta.url)), 500, 1);
  expect(refused).toBeGreaterThan(450);
});
