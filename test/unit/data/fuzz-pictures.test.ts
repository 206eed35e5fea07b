// Changed pictures. Longer runs: node scripts/run.js scripts/fuzz.ts pictures --count 100000
import { expect, it } from "vitest";
import { fuzz } from "../../support/fuzz/fuzz.js";
import { picturesTarget } from "../../support/fuzz/pictures.js";

it("changed pictures are decoded or refused by a typed error, soon and in bounds", () => {
  const { loaded, refused } = fuzz(picturesTarget(new URL("../../golden/", import.meta.url)), 4000, 1);
  // Both happen, or the changes are too great or too small to tell anything.
  expect(loaded).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(200);
});
