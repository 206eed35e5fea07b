// ONNX's own backend tests, from Debian's package libonnx-testdata: a file gives the right answer or is refused by name.
import { describe, expect, it } from "vitest";
import { hasBackendTests, runBackendTests } from "../../support/onnx-backend.js";

describe.skipIf(!hasBackendTests)("ONNX's backend tests (skipped without Debian's libonnx-testdata)", () => {
  it("are right or refused by name, none crashes or hangs", async () => {
    const results = await runBackendTests();
    const named = (outcome: string) => results.filter((each) => each.outcome === outcome).map(({ name }) => name);
    const crashed = results.filter(({ outcome }) => outcome === "crashed");
    expect({
      wrong: named("wrong"),
      crashed: crashed.map(({ name, message }) => `${name}: ${message}`),
      slow: results.filter(({ ms }) => ms > 5000).map(({ name }) => name),
    }).toEqual({ wrong: [], crashed: [], slow: [] });
    expect(named("right").length).toBeGreaterThanOrEqual(LEAST_RIGHT);
  }, 300_000);
});

/** Of 1,072; raised with every op that comes in. */
const LEAST_RIGHT = 360;
