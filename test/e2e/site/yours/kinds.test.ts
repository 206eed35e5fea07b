// "Your own": tables, sensors, and networks of others.
import { describe, expect, it, vi } from "vitest";
import { exportOnnx } from "../../../../src/faces/onnx.js";
import { cifarResNet, createModel, loadModel, resnet18, writeSafetensors } from "../../../../src/hosts/node/index.js";
import { stateDictFile } from "../../../support/pytorch-files.js";
import { axe, NO_SITE, screenshot, useSite } from "../page.js";
import { done, exported, file, right, saysAnswer, saysStatus, train } from "./acts.js";

vi.setConfig({ testTimeout: 240_000 });
const site = useSite("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream");

describe.skipIf(NO_SITE)(`"Your own" (${NO_SITE || "Chromium"})`, () => {
  it("learns numbers of a table, and says one of a row that is filled in", async () => {
    const { page, problems } = await site.open("yours.html?kind=table", {
      ...{ viewport: { width: 390, height: 844 }, colorScheme: "dark" },
    });
    await page.click("#sample");
    await done(page);
    expect(await page.locator("#verdict").innerText()).toMatch(/^Root of the mean squared error \d/);
    await page.getByLabel("size", { exact: true }).fill("100");
    await page.getByLabel("floor", { exact: true }).fill("2");
    await page.getByLabel("quarter", { exact: true }).fill("centre");
    await page.getByLabel("balcony", { exact: true }).fill("yes");
    await page.getByRole("button", { name: "The network says" }).click();
    await saysAnswer(page, /Answer: 1[45]\d\d/); // 9 · 100 · 1.6 + 30 + 80 = 1550
    expect(await axe(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await screenshot(page, "yours-table-390-dark");

    const saved = await exported(page, "safetensors");
    expect((await exported(page, "wasm")).length).toBeGreaterThan(10_000);
    await page.goto(`${site.url}yours.html`);
    await page.setInputFiles("#open", file("rents.safetensors", saved));
    await saysStatus(page, /it knows size, floor, quarter, balcony/);
    expect(await page.locator("input[name=kind]:checked").inputValue()).toBe("table");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("learns classes of a csv file, Chinese; refuses what is none", async () => {
    const { page, problems } = await site.open("yours.html?kind=table", {
      ...{ viewport: { width: 1400, height: 900 }, locale: "zh-CN" },
    });
    const rows = Array.from({ length: 120 }, (_, i) => [i % 17, (i * 5) % 11, i % 17 > (i * 5) % 11 ? "赢" : "输"]);
    await page.setInputFiles("#csv", file("games.csv", ["甲,乙,结果", ...rows.map((row) => row.join(","))].join("\n")));
    await page.waitForSelector("#target");
    expect(await page.locator("#target").inputValue()).toBe("结果");
    await train(page);
    expect(await right(page)).toBeGreaterThanOrEqual(80);
    expect(await axe(page)).toEqual([]);
    await screenshot(page, "yours-table-zh-1400-light");
    await page.setInputFiles("#csv", file("none.csv", 'a,b\n"1,2'));
    await saysStatus(page, /^这不是表格/);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("learns what the microphone hears, and recognises it", async () => {
    const { page, problems } = await site.open("yours.html?kind=sensor", { viewport: { width: 820, height: 1180 } });
    await page.getByRole("button", { name: "Switch on" }).click();
    for (const n of [1, 2]) {
      await page.getByRole("button", { name: `of Kind ${n}` }).click();
      await page.waitForFunction(
        (place) => document.querySelectorAll(".kind .note")[place].textContent === "4 seconds",
        n - 1,
        { timeout: 30_000 },
      );
    }
    await train(page);
    await saysAnswer(page, /Answer: Kind/);
    expect((await loadModel(await exported(page, "safetensors"))).inputShape).toEqual([32, 12]);
    expect(await axe(page)).toEqual([]);
    await screenshot(page, "yours-microphone-820-light");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("takes movements where the device tells them, and shows another way where it does not", async () => {
    const { page, problems } = await site.open("yours.html?kind=sensor", { viewport: { width: 390, height: 844 } });
    await page.getByText("Movement of this device").click();
    await page.getByRole("button", { name: "Switch on" }).click();
    await saysStatus(page, /^This device tells no movements.*made-up gestures/);
    await page.evaluate(() => {
      let n = 0;
      setInterval(() => {
        const acceleration = { x: Math.sin(n++ / 3), y: Math.cos(n / 3), z: 9.8 };
        dispatchEvent(new DeviceMotionEvent("devicemotion", { accelerationIncludingGravity: acceleration }));
      }, 20);
    });
    await page.getByRole("button", { name: "Switch on" }).click();
    await page.waitForSelector(".trace");
    await page.getByRole("button", { name: "of Kind 1" }).click();
    await page.waitForFunction(() => document.querySelector(".kind .note")?.textContent === "4 seconds", null, {
      timeout: 30_000,
    });
    await page.getByText("Microphone", { exact: true }).click();
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    });
    await page.getByRole("button", { name: "Switch on" }).click();
    await saysStatus(page, /^The microphone cannot be used here/);
    await page.click("#sample");
    await done(page);
    expect(await right(page)).toBeGreaterThanOrEqual(90);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("reads signals of a file", async () => {
    const { page, problems } = await site.open("yours.html?kind=sensor");
    const row = (i: number) => {
      const isFast = Math.floor(i / 320) % 2 === 1;
      return `${Math.sin(i * (isFast ? 1.3 : 0.3)).toFixed(4)},${Math.cos(i / 9).toFixed(4)},${isFast ? "fast" : "slow"}`;
    };
    const csv = ["x,y,what", ...Array.from({ length: 1280 }, (_, i) => row(i))].join("\n");
    await page.locator("label", { hasText: /^File$/ }).click();
    await page.setInputFiles("#signals", file("readings.csv", "a,b\n1,2"));
    await saysStatus(page, /^These are no readings/);
    await page.setInputFiles("#signals", file("readings.csv", csv));
    await train(page);
    expect(await right(page)).toBeGreaterThanOrEqual(90);
    expect(await page.locator(".confusion thead th").allInnerTexts()).toEqual(["slow", "fast"]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("fine-tunes a network of an ONNX file, and knows weights of PyTorch", async () => {
    const net = await createModel(cifarResNet(8), { inputShape: [32, 32, 3], seed: 3 });
    const { page, problems } = await site.open("yours.html", { viewport: { width: 1400, height: 900 } });
    await page.click("#sample");
    await done(page);
    await page.getByText("Fine-tune").click();
    for (const [name, bytes, text] of [
      ["cifar.pth", stateDictFile(net.stateDict()), /weights, pictures of 32 × 32 × 3/],
      ["r.safetensors", await imagenetWeights(), /11,699,1\d\d weights, pictures of 224 × 224 × 3/],
      ["cifar.onnx", exportOnnx(net), /^cifar.onnx: 7\d,\d+ weights, pictures of 32 × 32 × 3/],
    ] as const) {
      await page.setInputFiles("#network", file(name, bytes));
      await page.getByText(text).waitFor();
    }
    await train(page);
    expect(await right(page)).toBeGreaterThanOrEqual(40); // four classes, on features of random weights
    await saysAnswer(page, /Answer: (First|Second|Third|Fourth) sign/);
    expect(await axe(page)).toEqual([]);
    await screenshot(page, "yours-network-1400-light");
    const tuned = await loadModel(await exported(page, "safetensors"));
    expect(tuned.classNames).toEqual(["First sign", "Second sign", "Third sign", "Fourth sign"]);
    await page.setInputFiles("#network", file("bad.onnx", "nothing of the kind"));
    await saysStatus(page, /^That cannot be opened: /);
    expect(problems).toEqual([]);
    await page.close();
  });
});

async function imagenetWeights(): Promise<Uint8Array> {
  return writeSafetensors((await createModel(resnet18(), { inputShape: [64, 64, 3] })).stateDict());
}
