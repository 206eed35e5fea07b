// The conformance suite in the Node at hand, from the sources; `npm run test:runtimes` has the other runtimes.
import { expect, it } from "vitest";
import * as library from "../../../src/hosts/node/index.js";
import * as inference from "../../../src/hosts/node/inference.js";
import * as eight from "../../../src/hosts/node/quantize.js";
import { hasRelaxedSimd } from "../../../src/runtime/features.js";
import { conformance } from "./conformance/index.js";

it("passes in this runtime", async () => {
  const { results } = await conformance(
    library,
    inference,
    { name: "node", threads: 2, relaxedSimd: hasRelaxedSimd() },
    eight,
  );
  expect(results.filter(({ error }) => error !== null)).toEqual([]);
  expect(results.length).toBeGreaterThan(150);
}, 300_000);
