// The docs of the site: pages as people see them, links that hold, search, copying.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { axe, checkPage, NO_SITE, screenshot, useSite } from "./page.js";

const folder = fileURLToPath(new URL("../../../build/site/docs", import.meta.url));
const site = useSite();
checkPage(site, "docs/training.html", { name: "docs-training" });

describe.skipIf(NO_SITE)(`files of the docs (${NO_SITE || "built"})`, () => {
  let pages: Map<string, string>;
  beforeAll(() => {
    const names = readdirSync(folder).filter((name) => name.endsWith(".html"));
    pages = new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  });

  it("have a page for each guide, and no template", () => {
    const guides = readdirSync(join(folder, "../../../docs")).filter((name) => name.endsWith(".md"));
    expect(guides.map((name) => name.replace(".md", ".html")).filter((name) => !pages.has(name))).toEqual([]);
    expect(pages.has("template.html")).toBe(false);
    expect([...pages].filter(([, text]) => /\{\{\w+\}\}/.test(text)).map(([name]) => name)).toEqual([]);
  });

  it("hold no styles and no scripts of their own, which the policy blocks", () => {
    for (const [name, text] of pages) {
      expect(text.match(/ style="|<style|<script(?![^>]* src=)|javascript:/), name).toBeNull();
      expect(text.match(/ (?:src|href)="(?:\/|https?:\/\/(?!github\.com))/)?.[0] ?? "", name).not.toMatch(/src=|="\//);
    }
  });

  it("link to files and headings that exist", () => {
    const anchors = new Map([...pages].map(([name, text]) => [name, new Set(text.match(/ id="[^"]*"/g))]));
    const broken = [...pages].flatMap(([name, text]) =>
      [...text.matchAll(/ (?:href|src)="(?!https?:)([^"#]*)(?:#([^"]*))?"/g)]
        .filter(([, path, anchor]) => {
          const target = path === "" ? name : path;
          if (!existsSync(join(folder, target))) return true;
          return anchor && pages.has(target) && !anchors.get(target)?.has(` id="${anchor}"`);
        })
        .map(([hit]) => `${name}: ${hit}`),
    );
    expect(broken).toEqual([]);
  });
});

describe.skipIf(NO_SITE)(`the docs (${NO_SITE || "Chromium"})`, () => {
  it.each([
    ["index", 390, "light", "zh"],
    ["api-layers", 820, "dark", "en"],
    ["api", 390, "dark", "en"],
    ["bench-node", 1400, "light", "en"],
  ] as const)("have %s whole at %i pixels, %s, %s", async (name, width, colorScheme, locale) => {
    const options = { viewport: { width, height: 900 }, colorScheme, locale };
    const { page, problems } = await site.open(`docs/${name}.html`, options);
    await screenshot(page, `docs-${name}-${locale}-${width}-${colorScheme}`, { full: false });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(await axe(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("find what is searched, by keyboard, and go there", async () => {
    const { page, problems } = await site.open("docs/index.html", { viewport: { width: 390, height: 844 } });
    await page.keyboard.press("/");
    await page.keyboard.type("confusion matrix");
    await page.waitForSelector(".docs-found a");
    expect(await page.locator(".docs-found a").allInnerTexts()).toContainEqual(
      expect.stringContaining("confusionMatrix"),
    );
    expect(await axe(page)).toEqual([]);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/#confusionMatrix$/);
    // A slip of the finger, and a word of prose.
    for (const [typed, wanted] of [
      ["createModle", "createModel"],
      ["skip conection", "residual"],
      ["csv", "Tables"],
    ]) {
      await page.fill("input[type=search]", "");
      await page.fill("input[type=search]", typed);
      await page.waitForFunction(
        (text) => document.querySelector(".docs-found")?.textContent?.toLowerCase().includes(text.toLowerCase()),
        wanted,
      );
    }
    await page.fill("input[type=search]", "qqqqqqqq");
    await page.getByText("Nothing found.").waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("copy a block of code as it stands in the guide", async () => {
    const context = await site.browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    const page = await context.newPage();
    await page.goto(`${site.url}docs/tables.html`);
    await page.locator("button.copy").first().click();
    await page.getByText("Copied").waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(readFileSync(join(folder, "../../../docs/tables.md"), "utf8")).toContain(copied);
    expect(copied.length).toBeGreaterThan(40);
    await context.close();
  });

  it("are read without a program", async () => {
    const page = await site.browser.newPage({ javaScriptEnabled: false });
    await page.goto(`${site.url}docs/training.html`);
    expect(await page.locator("main").innerText()).toContain("crossEntropy");
    expect(await page.locator("button.copy").first().isVisible()).toBe(false);
    await page.close();
  });
});
