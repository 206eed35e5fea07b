// The browser example from end to end, as a person uses it.
import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { serve } from "../../../examples/browser/serve.js";
import { readSafetensors } from "../../../src/hosts/node/index.js";
import { launch, NO_BROWSER } from "./chromium.js";
import { mainThreadTasks } from "./trace.js";

// Two networks train at a time, beside whatever else the machine does.
vi.setConfig({ testTimeout: 240_000 });

let browser: Browser;
let server: Server;
let url: string;
beforeAll(async () => {
  if (NO_BROWSER) return;
  browser = await launch("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream");
  server = await serve(0);
  url = `http://localhost:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** A page of its own, with what it says when something goes wrong. */
async function open(options: object = {}): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage(options);
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) problems.push(request.url());
  });
  await page.goto(url);
  await page.waitForSelector(".kind");
  return { page, problems };
}

const status = (page: Page) => page.locator("#status");
const waitForStatus = (page: Page, text: RegExp, timeout = 120_000) =>
  page.waitForFunction(
    (source) => new RegExp(source).test(document.getElementById("status")!.textContent!),
    text.source,
    { timeout },
  );
const waitForAnswer = (page: Page, text: RegExp) =>
  page.waitForFunction(
    (source) => new RegExp(source).test(document.getElementById("answer")!.textContent!),
    text.source,
  );
const cell = (page: Page, twin: string, name: string) => page.locator(`tr.${twin} [data-cell=${name}]`).innerText();

/** Draws lines across the board, from point to point in parts of its side. */
async function drawLine(page: Page, ...points: [number, number][]) {
  const { x, y, width, height } = (await page.locator("#board").boundingBox())!;
  await page.mouse.move(x + points[0][0] * width, y + points[0][1] * height);
  await page.mouse.down();
  for (const [px, py] of points) await page.mouse.move(x + px * width, y + py * height, { steps: 4 });
  await page.mouse.up();
}

const bar = (page: Page, i: number) =>
  i % 2 === 0
    ? drawLine(page, [0.3 + 0.02 * i, 0.1], [0.3 + 0.02 * i, 0.9])
    : drawLine(page, [0.6 - 0.02 * i, 0.15], [0.6 - 0.02 * i, 0.85]);
const lying = (page: Page, i: number) => drawLine(page, [0.12, 0.3 + 0.04 * i], [0.88, 0.32 + 0.04 * i]);

describe.skipIf(NO_BROWSER)(`the browser example (Chromium; ${NO_BROWSER || "found"})`, () => {
  it("shows itself with one click, and never holds up the page while it trains", async () => {
    const { page, problems } = await open({ viewport: { width: 1180, height: 900 } });
    await page.evaluate(() => {
      const measured = { frames: [] as number[], long: [] as number[] };
      Object.assign(globalThis, { measured });
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) measured.long.push(Math.round(duration));
      });
      observer.observe({ type: "longtask" });
      let last = 0;
      const frame = (now: number) => {
        if (last > 0) measured.frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    const tasks = await mainThreadTasks(browser, page, async () => {
      await page.click("#sample");
      await waitForStatus(page, /^Both networks/);
      await waitForStatus(page, /^Done/);
    });
    const { frames, long } = await page.evaluate(
      () => (globalThis as unknown as { measured: { frames: number[]; long: number[] } }).measured,
    );
    frames.sort((a, b) => a - b);
    const median = frames[frames.length >> 1];
    console.log(
      `longest main-thread task ${Math.max(...tasks).toFixed(1)} ms of processor time, ${Math.max(0, ...long)} ms by the clock; ` +
        `frame intervals: median ${median.toFixed(1)} ms, 95 % below ${frames[Math.floor(0.95 * frames.length)].toFixed(1)} ms`,
    );
    // By processor time: on a busy machine the clock also counts the time that other programs take.
    expect(tasks.length).toBeGreaterThan(100);
    expect(Math.max(...tasks)).toBeLessThan(50);
    expect(median).toBeLessThan(50);
    const paths = await page
      .locator("#chart path.smooth")
      .evaluateAll((lines) => lines.map((line) => line.getAttribute("d")!.length));
    expect(paths.length).toBe(2);
    for (const length of paths) expect(length).toBeGreaterThan(500);
    const [plain, residual] = await Promise.all(["plain", "residual"].map((twin) => cell(page, twin, "loss")));
    expect(Number(residual)).toBeLessThan(Number(plain));
    expect(await cell(page, "residual", "accuracy")).toMatch(/^(9\d|100) %$/);
    await page.click("#show");
    await waitForAnswer(page, /With skip connections: (Hook|Loop|Fork|Wave)\. Plain: /);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("learns drawings, keeps them over a reload, and as a file", async () => {
    const { page, problems } = await open();
    await page.getByLabel("Name of kind 1").fill("Standing");
    await page.getByLabel("Name of kind 2").fill("Lying");
    await page.getByLabel("Name of kind 2").press("Tab");
    for (let i = 0; i < 6; i++) {
      await bar(page, i);
      await page.getByRole("button", { name: "Add the picture to Standing" }).click();
      await page.click("#wipe");
      await lying(page, i);
      await page.keyboard.press("2");
      await page.keyboard.press("w");
    }
    expect(await page.locator(".kind .note").allInnerTexts()).toEqual(["6 pictures", "6 pictures"]);
    await page.selectOption("#depth", "8");
    await page.click("#train");
    await waitForStatus(page, /^Done/);
    await bar(page, 3);
    await waitForAnswer(page, /With skip connections: Standing\. Plain: Standing/);
    await page.click("#wipe");
    await waitForAnswer(page, /Draw or show something/);

    await page.click("#save");
    await waitForStatus(page, /^Saved/);
    const downloading = page.waitForEvent("download");
    await page.click("#download");
    const file = await (await downloading).path();
    const { metadata, tensors } = readSafetensors(await readFile(file));
    expect(JSON.parse(metadata["resnet-wasm"]).transform.classes).toEqual(["Standing", "Lying"]);
    expect(tensors.size).toBeGreaterThan(10);

    await page.reload();
    await page.click("#restore");
    await waitForStatus(page, /^Loaded/);
    expect(await page.locator(".kind .note").allInnerTexts()).toEqual(["6 pictures", "6 pictures"]);
    await lying(page, 2);
    await waitForAnswer(page, /With skip connections: Lying\. Plain: Lying/);

    await page.reload();
    await page.setInputFiles("#open", { name: "mine.safetensors", mimeType: "", buffer: await readFile(file) });
    await waitForStatus(page, /^Opened mine.safetensors. It knows Standing, Lying/);
    await lying(page, 1);
    await waitForAnswer(page, /^With skip connections: Lying\.$/);
    await page.setInputFiles("#open", { name: "bad.safetensors", mimeType: "", buffer: Buffer.from("not a model") });
    await waitForStatus(page, /^bad.safetensors cannot be opened: loadModel|^bad.safetensors cannot be opened: /);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is used by keyboard alone, drawing included", async () => {
    const { page, problems } = await open();
    const press = async (key: string, times = 1) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    // The order of the focus follows the page.
    const order: string[] = [];
    for (let i = 0; i < 9; i++) {
      await press("Tab");
      const focused = page.locator(":focus");
      const names = await Promise.all(["id", "aria-label", "value"].map((name) => focused.getAttribute(name)));
      order.push(names.find(Boolean) ?? "none");
    }
    expect(order).toEqual([
      ...["sample", "draw", "board", "wipe"],
      ...["Name of kind 1", "Add the picture to First kind", "Add files to First kind"],
      ...["Name of kind 2", "Add the picture to Second kind"],
    ]);

    for (let i = 0; i < 4; i++) {
      await press("b");
      await press("Backspace");
      await press(i % 2 ? "ArrowLeft" : "ArrowRight", i);
      await press("ArrowUp", 6);
      await press(" ");
      await press("ArrowDown", 12);
      await press(" ");
      await press("1");
      await press("Backspace");
      await press("ArrowUp", 6);
      await press("ArrowLeft", 6);
      await press(" ");
      await press("ArrowRight", 12);
      await press(" ");
      await press("2");
      await press("ArrowLeft", 6);
    }
    expect(await page.locator(".kind .note").allInnerTexts()).toEqual(["4 pictures", "4 pictures"]);
    await page.locator("#depth").focus();
    await press("ArrowUp", 2);
    await press("Tab");
    await press("ArrowUp");
    await press("Tab");
    await press("Enter");
    await waitForStatus(page, /^Done/);
    await waitForAnswer(page, /With skip connections: (First|Second) kind/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("sees through the camera and reads files", async () => {
    const { page, problems } = await open();
    await page.getByText("Camera", { exact: true }).click();
    await page.waitForFunction(() => (document.getElementById("video") as HTMLVideoElement).readyState >= 2);
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press("1");
      await page.waitForTimeout(100);
    }
    const picture = await page.locator("h1").screenshot();
    const files = Array.from({ length: 5 }, (_, i) => ({ name: `${i}.png`, mimeType: "image/png", buffer: picture }));
    await page.getByLabel("Add files to Second kind").setInputFiles(files);
    await page.waitForFunction(() => document.querySelectorAll(".thumbs canvas").length === 10);
    await page.selectOption("#depth", "8");
    await page.selectOption("#steps", "100");
    await page.keyboard.press("Escape");
    await page.click("#train");
    await waitForStatus(page, /^Done/);
    await waitForAnswer(page, /With skip connections: First kind/);
    await page.getByText("File", { exact: true }).click();
    await page.setInputFiles("#file", files[0]);
    await waitForAnswer(page, /With skip connections: Second kind/);
    await page.setInputFiles("#file", { name: "no.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
    await waitForStatus(page, /^no.png is not a picture/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("stops when told to, and can train again", async () => {
    const { page, problems } = await open();
    await page.selectOption("#steps", "900");
    await page.click("#sample");
    await waitForStatus(page, /^Both networks/);
    await page.waitForTimeout(300);
    await page.click("#train");
    await waitForStatus(page, /^Stopped\. Right answers/);
    expect(await page.locator("#train").innerText()).toBe("Train both networks");
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each(["light", "dark"] as const)("has readable text in the %s scheme and fits a phone", async (colorScheme) => {
    const { page } = await open({ colorScheme, viewport: { width: 390, height: 800 } });
    const { width, contrasts } = await page.evaluate(() => {
      const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
      /** Relative luminance (WCAG 2) of a colour over another. */
      const luminance = (...layers: string[]) => {
        for (const layer of layers) {
          context.fillStyle = layer;
          context.fillRect(0, 0, 1, 1);
        }
        const parts = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
          const v = value / 255;
          return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
      };
      const paper = (element: Element | null): string => {
        for (let at = element; at; at = at.parentElement) {
          const { backgroundColor } = getComputedStyle(at);
          if (!/, 0\)$|transparent/.test(backgroundColor)) return backgroundColor;
        }
        return "white";
      };
      const texts = [
        ...document.querySelectorAll("h1, h2, h3, p, strong, th, td, button:enabled, .tabs span, label, kbd"),
      ];
      const contrasts = texts
        .filter((element) => (element as HTMLElement).innerText?.trim() && element.getClientRects().length > 0)
        .map((element) => {
          const below = paper(element);
          const [a, b] = [luminance(below), luminance(below, getComputedStyle(element).color)].sort((x, y) => y - x);
          return { text: element.textContent!.trim().slice(0, 30), ratio: (a + 0.05) / (b + 0.05) };
        });
      return { width: document.documentElement.scrollWidth, contrasts };
    });
    expect(width).toBeLessThanOrEqual(390);
    expect(contrasts.length).toBeGreaterThan(20);
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    await page.close();
  });

  it("gives every control a name", async () => {
    const { page } = await open();
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("button, input, select, canvas[role], video, svg")]
        .filter((element) => {
          const labels = (element as HTMLInputElement).labels;
          const own = element.getAttribute("aria-label") ?? element.textContent;
          return !own?.trim() && ![...(labels ?? [])].some((label) => label.textContent!.trim());
        })
        .map((element) => element.outerHTML.slice(0, 80)),
    );
    expect(nameless).toEqual([]);
    expect(await status(page).getAttribute("role")).toBe("status");
    await page.close();
  });
});
