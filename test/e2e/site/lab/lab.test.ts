// The laboratory as a visitor uses it.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, it, vi } from "vitest";
import { mainThreadTasks } from "../../browser/trace.js";
import { axe, checkPage, NO_SITE, screenshot, useSite, WIDTHS } from "../page.js";

vi.setConfig({ testTimeout: 120_000 });

const site = useSite();
const ready = ".lab-run:enabled";
const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" });

/** The step that the page shows. */
const stepOf = async (page: Page) => Number(await page.locator(".lab-rewind output").textContent());
const untilStep = (page: Page, step: number) =>
  page.waitForFunction((least) => Number(document.querySelector(".lab-rewind output")?.textContent) >= least, step);
/** The fingerprint, all of it, once the run stands still. */
async function hashAt(page: Page, step: number): Promise<string> {
  await page.waitForFunction(
    (at) =>
      Number(document.querySelector(".lab-rewind output")?.textContent) === at &&
      document.querySelector("[data-hash]") !== null,
    step,
  );
  return (await page.locator("[data-hash]").getAttribute("data-hash"))!;
}
async function trainTo(page: Page, step: number): Promise<void> {
  await page.click(ready);
  await untilStep(page, step);
  await page.click(ready);
  await page.waitForSelector("[data-hash]");
}
/** Moves the slider to a step, as its keys do. */
const rewindTo = (page: Page, step: number) => page.locator(".lab-rewind input").fill(String(step));
const share = async (page: Page, kind: string) =>
  Number.parseFloat((await page.locator(`.lab-twin.${kind} .lab-score strong`).first().textContent())!);

/** What there is to look at: trained, every part taken out, the landscape drawn. */
async function everything(page: Page): Promise<void> {
  await trainTo(page, 200);
  const [parts, landscape] = ["Take out each part in turn", "Draw the landscape"];
  await button(page, parts).click();
  await button(page, landscape).click();
  await page.waitForFunction(() => document.querySelector("progress")?.value === 1);
  await page.waitForFunction(() => document.querySelectorAll(".bar").length === 45);
}
checkPage(site, "lab.html", { name: "lab", waitFor: ready, prepare: everything });
checkPage(site, "lab.html?data=own&depth=4", { name: "lab-own", waitFor: ready, language: "zh" });

describe.skipIf(NO_SITE)(`the laboratory (${NO_SITE || "Chromium"})`, () => {
  it.each(WIDTHS)("shows learning where it was started, at %i pixels", async (width) => {
    const { page, problems } = await site.open("lab.html", { viewport: { width, height: 844 }, waitFor: ready });
    await trainTo(page, 400);
    for (const kind of ["plain", "residual"]) {
      const box = (await page.locator(`.lab-twin.${kind} .plane svg`).boundingBox())!;
      expect(box.y).toBeGreaterThan(0);
      // On the screen at once: all of it, or on a phone nearly all.
      expect(box.y + 0.9 * box.height).toBeLessThan(844);
    }
    // Where the run was paused depends on the machine; what it has come to at a step does not.
    await rewindTo(page, 400);
    await hashAt(page, 400);
    expect(await share(page, "residual")).toBeGreaterThan(95);
    expect(await share(page, "plain")).toBeLessThan((await share(page, "residual")) - 5);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("keeps the page's thread free while it trains", async () => {
    const { page, problems } = await site.open("lab.html", { viewport: { width: 1400, height: 900 }, waitFor: ready });
    const tasks = await mainThreadTasks(site.browser, page, async () => {
      await page.click(ready);
      await untilStep(page, 600);
    });
    tasks.sort((a, b) => a - b);
    const at = (part: number) => tasks[Math.min(tasks.length - 1, Math.floor(part * tasks.length))].toFixed(1);
    console.log(
      `laboratory: ${tasks.length} tasks of the page's thread, 99 % below ${at(0.99)} ms, longest ${at(1)} ms`,
    );
    expect(problems).toEqual([]);
    await page.close();
  });

  it("goes back to a step, and comes to the same bits again: here, from its address, and with other things done between", async () => {
    const { page, problems } = await site.open("lab.html?depth=8&width=8&seed=5", { waitFor: ready });
    await trainTo(page, 60);
    const last = await stepOf(page);
    const hash = await hashAt(page, last);
    await rewindTo(page, 33);
    const middle = await hashAt(page, 33);
    expect(middle).not.toBe(hash);
    await button(page, "One step").click();
    await hashAt(page, 34);
    await rewindTo(page, last);
    expect(await hashAt(page, last)).toBe(hash);
    await button(page, "Back to the start").click();
    await hashAt(page, 0);

    // Somebody else, with the link.
    const other = await site.open(page.url().slice(site.url.length), { waitFor: ready });
    await trainTo(other.page, 40);
    await rewindTo(other.page, 33);
    expect(await hashAt(other.page, 33)).toBe(middle);
    expect([...problems, ...other.problems]).toEqual([]);
    await other.page.close();
    await page.close();
  });

  it("keeps settings in the address, and begins anew with each", async () => {
    const { page, problems } = await site.open("lab.html", { waitFor: ready });
    await trainTo(page, 20);
    await page.getByRole("combobox", { name: "Learn" }).selectOption("moons");
    await page.locator(".lab-settings input[type=range]").first().fill("6");
    await hashAt(page, 0);
    await page.waitForFunction(() => document.querySelectorAll(".lab-size")[0].textContent!.startsWith("8 layers"));
    expect(new URL(page.url()).search).toBe("?data=moons&depth=6");
    await page.getByText("More settings").click();
    await button(page, "All as at first").click();
    await page.waitForFunction(() => document.querySelectorAll(".lab-size")[0].textContent!.startsWith("32 layers"));
    expect(new URL(page.url()).search).toBe("");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("saves a run, and opens it elsewhere with the same bits", async () => {
    const { page, problems } = await site.open("lab.html?depth=6&optimizer=sgd&rate=50", { waitFor: ready });
    await trainTo(page, 40);
    const step = await stepOf(page);
    const saving = page.waitForEvent("download");
    await button(page, "Save the run").click();
    const download = await saving;
    expect(download.suggestedFilename()).toBe(`laboratory-step-${step}.safetensors`);
    const buffer = await readFile((await download.path())!);
    await button(page, "One step").click();
    const next = await hashAt(page, step + 1);

    const other = await site.open("lab.html", { waitFor: ready });
    const file = { name: "run.safetensors", mimeType: "", buffer };
    await other.page.getByLabel("Open a run").setInputFiles(file);
    await hashAt(other.page, step);
    expect(new URL(other.page.url()).search).toBe(new URL(page.url()).search);
    await button(other.page, "One step").click();
    expect(await hashAt(other.page, step + 1)).toBe(next);

    await other.page.getByLabel("Open a run").setInputFiles({ ...file, name: "bad.txt", buffer: Buffer.from("bad") });
    await other.page.waitForFunction(() =>
      /^bad.txt cannot be opened/.test(document.querySelector(".lab-notice")!.textContent!),
    );
    expect(await hashAt(other.page, step + 1)).toBe(next);
    expect([...problems, ...other.problems]).toEqual([]);
    await other.page.close();
    await page.close();
  });

  it("draws less often for who asked for less motion", async () => {
    const { page, problems } = await site.open("lab.html", { reducedMotion: "reduce", waitFor: ready });
    await page.getByText("More settings").click();
    expect(await page.getByLabel("Pace").inputValue()).toBe("slow");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is used by keyboard alone", async () => {
    const { page, problems } = await site.open("lab.html?depth=4&width=8", { waitFor: ready });
    await page.locator("#content").focus();
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toMatch(/Run/);
    await page.keyboard.press("Enter");
    await untilStep(page, 20);
    await page.keyboard.press(" ");
    await page.waitForSelector("[data-hash]");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").getAttribute("aria-label")).toBe("Go to a step that was taken");
    await page.keyboard.press("Home");
    await hashAt(page, 0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("saves its pictures as files that hold what is seen", async () => {
    const { page, problems } = await site.open("lab.html?depth=4&width=8", { waitFor: ready });
    await trainTo(page, 40);
    for (const title of ["Residual: which class where", "Training loss", "Gradient of each layer's weights"]) {
      const figure = page.locator("figure", { has: page.getByText(title, { exact: true }) });
      await figure.locator("summary").click();
      const files: Buffer[] = [];
      for (const format of ["SVG", "PNG"]) {
        const saving = page.waitForEvent("download");
        await figure.getByRole("button", { name: format }).click();
        files.push(await readFile((await (await saving).path())!));
      }
      const [svg, png] = files;
      expect(svg.toString()).toMatch(/^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
      expect(svg.toString()).not.toContain("var(");
      expect(png.subarray(1, 4).toString()).toBe("PNG");
      expect(png.length).toBeGreaterThan(2000);
    }
    expect(problems).toEqual([]);
    await page.close();
  });

  it("learns points that one writes down, and says what is no point", async () => {
    const { page, problems } = await site.open("lab.html?data=own&depth=4", { waitFor: ready });
    await page.getByLabel("Points, one a line").fill("0.5, 0.5, A\n-0.5, nothing, B");
    await button(page, "Learn these points").click();
    await page.getByText("Line 2 is not").waitFor();
    await page.getByLabel("Points, one a line").fill("0.5, 0.5, A\n0.6 0.4 a\n-0.5, 0.2, B\n-0.5, -0.5, B");
    await page.getByLabel("Class B, squares").check();
    await page.getByRole("img", { name: "Board for points" }).click({ position: { x: 5, y: 5 } });
    await button(page, "Learn these points").click();
    // Two squares and the one that was clicked, as one path.
    await page.waitForFunction(
      () => document.querySelector(".lab-twin path.marks-1")!.getAttribute("d")!.split("M").length === 4,
    );
    await trainTo(page, 100);
    await rewindTo(page, 100);
    await hashAt(page, 100);
    expect(await share(page, "residual")).toBe(100);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("looks at pictures: its own, and one that is opened", async () => {
    const { page, problems } = await site.open("lab.html?data=glyphs&depth=6&samples=50&batch=8", { waitFor: ready });
    await trainTo(page, 10);
    const says = page.locator(".lab-twin.residual .lab-says");
    expect(await says.textContent()).toMatch(/^[✓✗] Letter \d, \d+ % sure$/);
    await page.getByRole("combobox", { name: "Picture" }).selectOption("7");
    await page.getByText("It is letter 7.").waitFor();
    await page.getByRole("combobox", { name: "Layer" }).selectOption("layer2.0");
    await page.getByText("Residual: maps of layer2.0", { exact: true }).waitFor();
    expect(await axe(page)).toEqual([]);
    await screenshot(page, "lab-pictures");
    const buffer = await page.locator("h1").screenshot();
    await page.getByLabel("Open a picture").setInputFiles({ name: "mine.png", mimeType: "image/png", buffer });
    await page.getByRole("option", { name: "Opened: mine.png" }).waitFor({ state: "attached" });
    expect(await says.textContent()).toMatch(/^Letter \d/);
    await page
      .getByLabel("Open a picture")
      .setInputFiles({ name: "no.png", mimeType: "image/png", buffer: Buffer.from("no") });
    await page.waitForFunction(() => /^no.png is no picture/.test(document.querySelector(".lab-notice")!.textContent!));
    expect(problems).toEqual([]);
    await page.close();
  });
});
