// What nobody means, given to everything that the package exports: functions, classes, what they make, and each option.
// Longer: node scripts/run.js scripts/fuzz-arguments.ts --calls 1000
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fuzzArguments } from "../../support/fuzz/arguments.js";
import { rootOf } from "../../support/fuzz/subjects.js";

const root = rootOf(fileURLToPath(new URL("../../..", import.meta.url)));

it("is refused by typed errors of bounded length, soon, and models go on", async () => {
  const { subjects, calls, refused, failures } = await fuzzArguments(root, { calls: 24, seed: 1 });
  expect(failures).toEqual([]);
  expect(subjects).toBeGreaterThan(250);
  expect(refused).toBeGreaterThan(calls / 2);
});
