// docs/faults.md: which tests hold off which kind of fault, in which entry. The page is written from faults/kinds.ts; `npx vitest
// run test/e2e/docs/faults.test.ts --update` writes it anew. Tests that it names must be there.
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Entry, Kind } from "./faults/instance.js";
import { kinds } from "./faults/kinds.js";

const tests = new URL("../../", import.meta.url);
const ENTRIES: readonly Entry[] = ["main", "worker", "inference", "data", "onnx, pytorch", "tools"];

it.each(kinds)("kind $number: each test that is named is there, three instances at least", ({ instances }) => {
  expect(new Set(instances.map(({ test }) => test.join(" "))).size).toBeGreaterThanOrEqual(3);
  const missing = instances.filter(({ test: [file, title] }) => {
    const path = new URL(file, tests);
    return (
      !existsSync(path) ||
      ![`"${title}"`, `\`${title}`, `'${title}'`].some((quoted) => readFileSync(path, "utf8").includes(quoted))
    );
  });
  expect(missing).toEqual([]);
});

it("has all kinds", () => {
  expect(kinds.map(({ number }) => number)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
});

const cell = (text: string) => text.replaceAll("|", "\\|");

const table = ({ number, title, programs, instances }: Kind) =>
  [
    `## ${number}. ${title}`,
    "",
    ...(programs.length > 0 ? [`Programs: ${programs.join(", ")}.`, ""] : []),
    "| entry | what would go wrong | held off by |",
    "| --- | --- | --- |",
    ...ENTRIES.flatMap((entry) => instances.filter((each) => each.entry === entry)).map(
      ({ entry, says, test: [file, title] }) => `| ${entry} | ${cell(says)} | \`test/${file}\`: ${cell(title)} |`,
    ),
    "",
  ].join("\n");

const cover = ({ number, title, instances }: Kind) => {
  const counts = ENTRIES.map((entry) => instances.filter((each) => each.entry === entry).length || "");
  return `| ${number}. ${title} | ${counts.join(" | ")} |`;
};

const PAGE = `# Faults

Kinds of faults that people reported of comparable libraries, or that were found by attack, and the tests that hold them off.
Programs are those of the folder of seen faults, which \`test/e2e/package/faults.test.ts\` runs on the packed package. This page is
written by \`test/e2e/docs/faults.test.ts\`, which looks for every test that it names.

| kind | ${ENTRIES.join(" | ")} |
| --- |${" --- |".repeat(ENTRIES.length)}
${kinds.map(cover).join("\n")}

${kinds.map(table).join("\n")}`;

it("is what docs/faults.md says", async () => {
  await expect(PAGE).toMatchFileSnapshot("../../../docs/faults.md");
});
