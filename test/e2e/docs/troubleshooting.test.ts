// docs/troubleshooting.md: every symptom of it is made to appear here, and goes with its cure. The page is written from these
// records; `npx vitest run test/e2e/docs/troubleshooting.test.ts --update` writes it anew.
import { describe, expect, it } from "vitest";
import { ResnetWasmError } from "../../../src/hosts/node/index.js";
import { INPUTS, TABLES } from "./symptoms/data.js";
import { FILES, MEMORY } from "./symptoms/files.js";
import { messageOf, type Section, type Symptom } from "./symptoms/symptom.js";
import { CLASS_NAMES, TARGETS } from "./symptoms/targets.js";
import { ASKED, EVALUATION, STOPPING } from "./symptoms/training.js";

const sections: readonly Section[] = [
  ...[INPUTS, TABLES, TARGETS, CLASS_NAMES, ASKED, STOPPING, EVALUATION, FILES, MEMORY],
];

describe.each(sections)("$title", ({ symptoms }) => {
  it.each(symptoms)("$symptom is seen, and gone with the cure", async (symptom) => {
    const message = messageOf(symptom);
    if (message) await expectMessage(symptom, message);
    else expect(await symptom.provoke()).toBe(true);
    expect(await symptom.cured()).not.toBe(false);
  });
});

async function expectMessage({ provoke }: Symptom, message: RegExp): Promise<void> {
  const error: unknown = await Promise.resolve()
    .then(provoke)
    .then(
      () => "no error",
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(ResnetWasmError);
  expect((error as Error).message).toMatch(message);
}

const cell = (text: string) => text.replaceAll("|", "\\|");
const row = (...cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;

const table = ({ title, symptoms }: Section) =>
  [
    `## ${title}`,
    "",
    row("Symptom", "Cause", "Cure"),
    row("---", "---", "---"),
    ...symptoms.map(({ symptom, cause, cure }) => row(symptom, cause, cure)),
    "",
  ].join("\n");

const PAGE = `# Troubleshooting

What you may come to see, why, and the cure. In messages, \`N\` and \`M\` stand for numbers, \`i\` for an index and \`…\` for
anything. A test makes each of them appear and go with its cure (\`test/e2e/docs/troubleshooting.test.ts\`), and writes this page.

${sections.map(table).join("\n")}`;

it("is what docs/troubleshooting.md says", async () => {
  await expect(PAGE).toMatchFileSnapshot("../../../docs/troubleshooting.md");
});
