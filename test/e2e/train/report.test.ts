// report: its table, its page, its pictures; the page in Chromium, at three widths.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrayDataset, decodeImage, normalise } from "../../../src/faces/data.js";
import { confusionMatrix, f1, mistakes, type Report, reliability, report } from "../../../src/faces/metrics.js";
import {
  ArgumentError,
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  type History,
  Linear,
  memoryStore,
  Sequential,
  SGD,
  type Trainer,
} from "../../../src/hosts/node/index.js";
import { launch, NO_BROWSER } from "../browser/chromium.js";

const folder = mkdtempSync(join(tmpdir(), "report-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NAMES = ["<b>cat</b>", 'dog "Rex"', "a & b"];
const bytes = Uint8Array.from({ length: 30 * 48 }, (_, i) => (i * 37 + (i % 48) * 5) % 256);
const pictures = arrayDataset({
  x: bytes,
  y: Array.from({ length: 30 }, (_, i) => (i * i) % 3),
  classes: 3,
  inputShape: [4, 4, 3],
  classNames: NAMES,
});
const prepared = normalise(pictures, { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] });

let trainer: Trainer;
let history: History;
let whole: Report;
const quiet = () => {};
const measure = () =>
  trainer.evaluate(prepared, { metrics: [f1(), confusionMatrix(), reliability({ bins: 5 }), mistakes({ count: 7 })] });

beforeAll(async () => {
  const network = new Sequential(new Flatten(), new Linear(48, 3));
  trainer = createTrainer(await createModel(network, { inputShape: [4, 4, 3], seed: 1 }), {
    loss: crossEntropy(),
    optimizer: new SGD({ lr: 0.001 }),
  });
  history = await trainer.fit(prepared, { epochs: 3, validation: prepared, metrics: [f1()] });
  const options = { data: prepared, history, title: "A <title>", target: join(folder, "page.html"), print: quiet };
  whole = await report(await measure(), options);
});

describe("report", () => {
  it("prints numbers, and those of classes, the worst first", async () => {
    const told: string[] = [];
    const evaluation = await measure();
    const { text } = await report(evaluation, { data: prepared, target: null, print: (table) => told.push(table) });
    expect(told).toEqual([text]);
    expect(text).toContain(`f1${" ".repeat(8)}${Number(evaluation.metrics.f1.toPrecision(4))}`);
    const rows = text.split("\n").slice(-3);
    const scores = rows.map((row) => Number(row.split(/ +/).at(-1)));
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
    expect(rows.map((row) => row.slice(0, 12).trim()).sort()).toEqual([...NAMES].sort());
    const plain = await report(await trainer.evaluate(prepared), { target: null, print: quiet });
    expect(plain.text.split("\n").length).toBe(3);
  });

  it("writes one page, in which names are text", async () => {
    expect(readFileSync(join(folder, "page.html"), "utf8")).toBe(whole.html);
    expect(whole.html).toContain("<title>A &lt;title&gt;</title>");
    expect(whole.html).not.toContain("<b>cat");
    expect(whole.html).not.toMatch(/<script|src="(?!data:)|href=|url\(/);
    const store = memoryStore();
    await report(await measure(), { target: store, print: quiet });
    expect(await store.list()).toEqual(["report.html"]);
  });

  it("shows the worst mistakes as they were before normalise", async () => {
    const { metrics } = await measure();
    const images = [...whole.html.matchAll(/src="data:image\/png;base64,([^"]+)" alt="sample (\d+)/g)];
    expect(images.map(([, , sample]) => Number(sample))).toEqual(metrics.mistakes.map(({ sample }) => sample));
    expect(images.length).toBe(7);
    for (const [, base64, sample] of images) {
      const { width, height, data } = await decodeImage(Buffer.from(base64, "base64"));
      expect([width, height]).toEqual([4, 4]);
      expect([...data]).toEqual([...bytes.subarray(48 * Number(sample), 48 * (Number(sample) + 1))]);
    }
  });

  it("lists mistakes where samples are no pictures", async () => {
    const { html } = await report(await measure(), { target: null, print: quiet, classNames: ["x", "y", "z"] });
    expect(html).not.toContain("<img");
    expect(html).toContain("<th>taken for</th><th>probability</th>");
  });

  it("refuses what is no evaluation, and options that are none", async () => {
    for (const junk of [undefined, 5, {}, { loss: "x" }])
      await expect(report(junk as never, { target: null, print: quiet })).rejects.toThrow(ArgumentError);
    const evaluation = await measure();
    for (const junk of [{ title: 5 }, { print: 5 }, { classNames: 5 }, { data: 5 }, { history: 5 }, { tilte: "x" }])
      await expect(report(evaluation, { target: null, print: quiet, ...junk } as never)).rejects.toThrow(ArgumentError);
  });
});

describe.skipIf(NO_BROWSER)(`the page in Chromium (${NO_BROWSER || "found"})`, () => {
  it("fits phones and screens, shows all its pictures, asks for nothing and breaks no policy", async () => {
    const file = join(folder, "shown.html");
    writeFileSync(file, whole.html);
    const browser = await launch();
    try {
      for (const width of [360, 800, 1280]) {
        const page = await browser.newPage({ viewport: { width, height: 900 } });
        const said: string[] = [];
        const asked: string[] = [];
        page.on("console", (message) => said.push(message.text()));
        page.on("request", (request) => asked.push(request.url().slice(0, 10)));
        await page.goto(pathToFileURL(file).href);
        await page.waitForLoadState("load");
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        expect(await page.evaluate("[...document.images].filter((image) => image.naturalWidth === 4).length")).toBe(7);
        expect(await page.evaluate("document.querySelectorAll('svg').length")).toBe(5); // 3 curves, matrix, reliability
        expect(asked.filter((url) => !/^(file:|data:)/.test(url))).toEqual([]);
        expect(said).toEqual([]);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});
