// ONNX's own backend tests, from Debian's package libonnx-testdata: a file gives the right answer or is refused by name. Which do
// stands in docs/onnx.md; `npx vitest run --project golden test/golden/onnx/backend.test.ts --update` writes it anew.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type BackendResult, hasBackendTests, runBackendTests } from "../../support/onnx-backend.js";

const page = "../../../docs/onnx.md";

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
    expect(named("right").length + named("whole").length).toBeGreaterThanOrEqual(LEAST_IN_ALL);
    const [text] = readFileSync(new URL(page, import.meta.url), "utf8").split(HEADING);
    await expect(`${text}${HEADING}\n\n${told(results)}`).toMatchFileSnapshot(page);
  }, 300_000);
});

/** Of 1,072; raised with every op that comes in. */
const LEAST_RIGHT = 400;
const LEAST_IN_ALL = 611;

const HEADING = "## ONNX's backend tests";

/** The part of the page that tells which pass. */
function told(results: readonly BackendResult[]): string {
  const groups = [...new Set(results.map(({ group }) => group))];
  const list = (outcome: string) =>
    groups
      .map((group): [string, string[]] => [
        group,
        results.filter((each) => each.group === group && each.outcome === outcome).map(({ name }) => name.slice(5)),
      ])
      .filter(([, names]) => names.length > 0)
      .map(([group, names]) => `- **${group}**: ${names.sort().join(" ")}`)
      .join("\n");
  const count = (...outcomes: string[]) => results.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return `What follows is written by the test that runs them: ${count("right", "whole")} of the ${results.length} of Debian's
\`libonnx-testdata\` (${groups.join(", ")}) give the right answer, every input after the first bound as a parameter; the other
${count("refused")} are refused by an error that says why. Of the names \`test_\` is left out.

${count("right")} with a batch:

${list("right")}

${count("whole")} as one sample, by \`{ batch: false }\`:

${list("whole")}
`;
}
