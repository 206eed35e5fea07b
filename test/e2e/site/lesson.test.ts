// The lesson, as a visitor uses it.
import type { Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import { train } from "../../../site/lesson/experiment.js";
import { STEPS } from "../../../site/lesson/settings.js";
import { mainThreadTasks } from "../browser/trace.js";
import { checkPage, NO_SITE, useSite, WIDTHS } from "./page.js";

vi.setConfig({ testTimeout: 180_000 });

const site = useSite();

/** Presses Train, and waits until both networks have ended. */
async function trainOn(page: Page): Promise<void> {
  await page.click("#train");
  await page.waitForSelector("#train[data-state=running]");
  await page.waitForSelector("#train[data-state=idle]", { timeout: 120_000 });
  await page.waitForFunction(() => /Done|完成/.test(document.querySelector(".stage-verdict")?.textContent ?? ""));
}

checkPage(site, "index.html?depth=8", { name: "lesson", prepare: trainOn });
checkPage(site, "index.html?depth=8", { name: "lesson", language: "zh" });

describe.skipIf(NO_SITE)(`the lesson (${NO_SITE || "Chromium"})`, () => {
  it.each(WIDTHS)("shows the learning on the screen where it was started, at %i pixels", async (width) => {
    const { page } = await site.open("index.html", { viewport: { width, height: width === 390 ? 844 : 900 } });
    for (const part of ["#train", ".network svg", ".stage-chart svg", ".stage-verdict"]) {
      const box = await page.locator(part).first().boundingBox();
      expect(box!.y + box!.height, part).toBeLessThanOrEqual(width === 390 ? 844 : 900);
    }
    await page.close();
  });

  it("trains the bits that Node trains, 50 layers in under 20 s, and never holds up the page", async () => {
    const { page, problems } = await site.open("index.html?depth=50&seed=3", {
      viewport: { width: 1400, height: 900 },
    });
    const started = performance.now();
    let seconds = 0;
    const tasks = await mainThreadTasks(site.browser, page, async () => {
      await trainOn(page);
      seconds = (performance.now() - started) / 1000;
    });
    tasks.sort((a, b) => a - b);
    const p99 = tasks[Math.floor(0.99 * tasks.length)];
    console.log(
      `50 layers, both networks, ${STEPS} steps: ${seconds.toFixed(1)} s; ${tasks.length} main-thread tasks by processor time: ` +
        `99 % below ${p99.toFixed(1)} ms, longest ${tasks[tasks.length - 1].toFixed(1)} ms`,
    );
    expect(p99).toBeLessThan(50);
    expect(tasks[tasks.length - 1]).toBeLessThan(100);
    const shown = await page
      .locator("[data-hash]")
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute("data-hash")));
    const inNode = [];
    for (const kind of ["plain", "residual"] as const)
      inNode.push((await train({ kind, depth: 50, seed: 3 }, () => {})).hash);
    expect(shown).toEqual(inNode);
    expect(problems).toEqual([]);
    await page.close();
  });
});
