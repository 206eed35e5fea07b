/** What a release makes of README and changelog. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { unreleased, withVersion } from "../../../scripts/release/changelog.js";
import { renderPage, wholePage } from "../../../scripts/release/page.js";

const BASE = "https://files.example/resnet-wasm@9.9.9/";

it("leads links of README to where the package's files are read, anchors and pictures too", () => {
  const readme = "![a](docs/a.svg) [b](docs/b.md#part) [c](https://c.example/d) [e](#here) [f](examples/)";
  expect(wholePage(readme, ["docs/a.svg", "docs/b.md", "examples/x.js"], BASE)).toBe(
    `![a](${BASE}docs/a.svg) [b](${BASE}docs/b.md#part) [c](https://c.example/d) [e](#here) [f](${BASE}examples)`,
  );
});

it("refuses a page that would lack something, and says what", () => {
  expect(() => wholePage("[a](docs/a.md) [b](docs/b.md)", ["docs/a.md"], BASE)).toThrow(/lacks docs\/b\.md$/);
  expect(() => wholePage("a".repeat(65_537), [], BASE)).toThrow(/lacks 1 of its 65537 bytes: npm shows 65536/);
});

it("leaves no link of README that works in the repository alone", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const linked = [...readme.matchAll(/\]\(((?!https?:)[^)\s#]+)/g)].map(([, target]) => target);
  expect(linked.length).toBeGreaterThan(30);
  const page = wholePage(readme, linked, BASE);
  expect(page).not.toMatch(/\]\((?!https:|#)/);
  expect(renderPage(page, BASE, "package")).toContain('<img src="package/docs/degradation.svg"');
});

it("gives the entries of the changelog to the version, and leaves none behind", () => {
  const before = "# Changelog\n\n## Unreleased\n\n### Added\n\n- A.\n\n## 0.1.0\n\n- B.\n";
  expect(unreleased(before)).toBe("### Added\n\n- A.");
  const after = withVersion(before, "0.2.0", "2026-11-26");
  expect(after).toBe(before.replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0 - 2026-11-26\n"));
  expect(() => unreleased(after)).toThrow(/expected entries under "## Unreleased", got none/);
});
