// A short form of scripts/kill.ts, which kills a hundred times.
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { kill } from "../../support/kill/kill.js";

const child = fileURLToPath(new URL("../../support/kill/child.js", import.meta.url));

it("ends as if it had never been killed, and no file is torn", { timeout: 240_000 }, async () => {
  const { kills, runs } = await kill(child, 12, 3);
  expect(kills).toBe(12);
  expect(runs).toBeGreaterThan(0);
});
