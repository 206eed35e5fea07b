// Changed safetensors files. Longer: node scripts/run.js scripts/fuzz.ts safetensors --count 100000
import { expect, it } from "vitest";
import { fuzz } from "../../support/fuzz/fuzz.js";
import { safetensorsTarget } from "../../support/fuzz/safetensors.js";

it("changed safetensors files are read or refused by a typed error, soon and in bounds", async () => {
  const { loaded, refused } = await fuzz(safetensorsTarget(), 20_000, 1);
  expect(loaded).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(10_000);
});
