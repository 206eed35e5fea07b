// "Your own": pictures that are drawn, seen and opened; what was learned is kept, opened and exported.
import { describe, expect, it, vi } from "vitest";
import { loadModel, readSafetensors } from "../../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../../src/hosts/node/onnx.js";
import { mainThreadTasks } from "../../browser/trace.js";
import { axe, checkPage, NO_SITE, screenshot, useSite } from "../page.js";
import { done, drawLine, exported, file, lying, right, saysAnswer, saysStatus, standing, train } from "./acts.js";

vi.setConfig({ testTimeout: 240_000 });
const site = useSite("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream");

checkPage(site, "yours.html", {
  name: "yours-pictures",
  prepare: async (page) => {
    await page.selectOption("#duration", "short");
    await page.click("#sample");
    await done(page);
  },
});

describe.skipIf(NO_SITE)(`"Your own", pictures (${NO_SITE || "Chromium"})`, () => {
  it("shows itself with one click, on the screen where it was started, and never holds up the page", async () => {
    const { page, problems } = await site.open("yours.html", { viewport: { width: 390, height: 844 } });
    const tasks = await mainThreadTasks(site.browser, page, async () => {
      await page.click("#sample");
      await saysStatus(page, /^Step/);
      expect(await page.locator("#train").innerText()).toBe("Stop");
      const chart = (await page.locator(".yours-learning .chart").boundingBox())!;
      expect(chart.y).toBeGreaterThanOrEqual(0);
      expect(chart.y + chart.height).toBeLessThanOrEqual(844);
      await done(page);
    });
    tasks.sort((a, b) => a - b);
    console.log(
      `main-thread tasks: 99 % below ${tasks[Math.floor(0.99 * tasks.length)].toFixed(1)} ms, longest ${tasks.at(-1)!.toFixed(1)} ms`,
    );
    expect(tasks.length).toBeGreaterThan(50);
    expect(await right(page)).toBeGreaterThanOrEqual(80);
    // Rows of the confusion matrix are what was held out: every fifth of forty.
    const cells = await page.locator(".confusion tbody td").allInnerTexts();
    expect(cells.reduce((sum, text) => sum + Number(text), 0)).toBe(32);
    await saysAnswer(page, /(First|Second|Third|Fourth) sign \(\d+ %\)/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("learns drawings, keeps them over a reload, as files of three formats", async () => {
    const { page, problems } = await site.open("yours.html", { viewport: { width: 1400, height: 900 } });
    await page.getByLabel("Name of kind 1").fill("Standing");
    await page.getByLabel("Name of kind 2").fill("Lying");
    await page.getByLabel("Name of kind 2").press("Tab");
    for (let i = 0; i < 6; i++) {
      await standing(page, i);
      await page.getByRole("button", { name: "Add picture 1 to Standing" }).click();
      await page.getByRole("button", { name: "Wipe" }).click();
      await lying(page, i);
      await page.keyboard.press("2");
      await page.keyboard.press("w");
    }
    expect(await page.locator(".kind .note").allInnerTexts()).toEqual(["6 pictures", "6 pictures"]);
    await train(page);
    await standing(page, 3);
    await saysAnswer(page, /Answer: Standing/);
    expect(await page.locator("canvas.map").isVisible()).toBe(true);

    const saved = await exported(page, "safetensors");
    const { metadata } = readSafetensors(saved);
    expect(JSON.parse(metadata["resnet-wasm"]).classNames).toEqual(["Standing", "Lying"]);
    // The same answers in all three.
    const x = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => Math.sin(i / 50));
    const own = (await loadModel(saved)).predict(x).data;
    const onnx = (await loadOnnx(await exported(page, "onnx"))).predict(x).data;
    const { instance } = await WebAssembly.instantiate(await exported(page, "wasm"));
    const { memory, input, output, run } = instance.exports as unknown as Compiled;
    new Float32Array(memory.buffer, input(), x.length).set(x);
    run(1);
    const compiled = new Float32Array(memory.buffer, output(), 2);
    for (const answers of [onnx, compiled])
      expect(Math.max(...answers.map((value, i) => Math.abs(value - own[i])))).toBeLessThan(1e-3);

    await page.getByRole("button", { name: "Keep in this browser" }).click();
    await saysStatus(page, /^Kept/);
    await page.reload();
    await page.getByRole("button", { name: "Take back" }).click();
    await saysStatus(page, /knows Standing, Lying/);
    expect(await page.locator(".kind .note").allInnerTexts()).toEqual(["6 pictures", "6 pictures"]);
    await lying(page, 2);
    await saysAnswer(page, /Answer: Lying/);

    await page.reload();
    await page.setInputFiles("#open", file("mine.safetensors", saved));
    await saysStatus(page, /^Opened mine.safetensors: it knows Standing, Lying/);
    await page.setInputFiles("#open", file("bad.safetensors", "not a model"));
    await saysStatus(page, /^bad.safetensors cannot be opened: /);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("is used by keyboard alone, drawing included", async () => {
    const { page, problems } = await site.open("yours.html", { viewport: { width: 820, height: 1180 } });
    const press = async (key: string, times = 1) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    for (let i = 0; i < 5; i++) {
      await press("b");
      await page.waitForFunction(() => document.activeElement?.id === "board");
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
    expect(await page.locator(".kind .note").allInnerTexts()).toEqual(["5 pictures", "5 pictures"]);
    await page.locator("#duration").focus();
    await press("ArrowUp");
    await press("Tab");
    await press("Enter");
    await done(page);
    await saysAnswer(page, /Answer: Kind [12]/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("sees through the camera and reads files; stops when told to", async () => {
    const { page, problems } = await site.open("yours.html");
    await page.getByText("Camera", { exact: true }).click();
    await page.waitForFunction(() => (document.getElementById("video") as HTMLVideoElement).readyState >= 2);
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press("1");
      await page.waitForTimeout(100);
    }
    const picture = await page.locator("h1").screenshot();
    const files = Array.from({ length: 5 }, (_, i) => file(`${i}.png`, picture));
    await page.getByLabel("Add files to Kind 2").setInputFiles(files);
    await page.waitForFunction(() => document.querySelectorAll(".thumbs canvas").length === 10);
    await train(page);
    await saysAnswer(page, /Answer: Kind 1/);
    await page.getByText("File", { exact: true }).click();
    await page.setInputFiles("#file", files[0]);
    await saysAnswer(page, /Answer: Kind 2/);
    await page.setInputFiles("#file", file("no.png", "no picture"));
    await saysStatus(page, /^no.png is not a picture/);
    await page.selectOption("#duration", "long");
    await page.keyboard.press("Escape");
    await page.click("#train");
    await saysStatus(page, /^Step/);
    await page.click("#train");
    await saysStatus(page, /^Stopped/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("says what to do where the camera is refused", async () => {
    const { page, problems } = await site.open("yours.html", { viewport: { width: 390, height: 844 } });
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    });
    await page.getByText("Camera", { exact: true }).click();
    await saysStatus(page, /^The camera cannot be used here.*Draw instead/);
    await drawLine(page, [0.2, 0.2], [0.8, 0.8]);
    await page.keyboard.press("1");
    expect(await page.locator(".kind .note").first().innerText()).toBe("1 picture");
    expect(await axe(page)).toEqual([]);
    await screenshot(page, "yours-camera-refused", { full: false });
    expect(problems).toEqual([]);
    await page.close();
  });
});

interface Compiled {
  memory: WebAssembly.Memory;
  input(): number;
  output(): number;
  run(n: number): number;
}
