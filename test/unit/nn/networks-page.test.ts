// The table of docs/networks.md is what the networks come to.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { count } from "../../support/nets.js";
import * as library from "../../support/stubbed.js";

const page = readFileSync(new URL("../../../docs/networks.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| `(.+)` \| (\d+)(?:x(\d+))? \| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \|$/gm)];

it("has rows", () => {
  expect(rows.length).toBeGreaterThan(50);
});

it.each(rows.map(([, call, ...rest]) => [call, rest] as const))("%s", (call, [h, w, parameters, gmacs, megabytes]) => {
  const network = new Function(...Object.keys(library), `return ${call}`)(...Object.values(library));
  const found = count(network, w ? [+h, +w, 3] : [+h, 1]);
  expect(found.parameters.toLocaleString("en")).toBe(parameters);
  expect((found.macs / 1e9).toFixed(gmacs.split(".")[1].length)).toBe(gmacs);
  expect((found.parameters * 4e-6).toFixed(1)).toBe(megabytes);
});
