// model.classify in Chromium: whatever a page has a picture in, by the main entry, that for inference and that of workers.
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { decodeFile } from "../../../src/data/image/decode.js";
import {
  AdaptiveAvgPool2d,
  Conv2d,
  createModel,
  Flatten,
  Linear,
  ReLU,
  Sequential,
} from "../../../src/hosts/node/index.js";
import { goldenFile } from "../../unit/data/pictures.js";
import { launch, NO_BROWSER, servePackage } from "./chromium.js";

vi.setConfig({ testTimeout: 120_000 });

const network = new Sequential(
  new Conv2d(3, 8, { kernelSize: 3, padding: 1 }),
  new ReLU(),
  new AdaptiveAvgPool2d(1),
  new Flatten(),
  new Linear(8, 4),
);
const classNames = ["ant", "bee", "cat", "dog"];
const transform = { resize: [16, 16], mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] };
const FILE = "rgb 8 bits.png";

interface Class {
  index: number;
  name: string;
  probability: number;
}
type Answer = Class[] | string;

/** Runs in the page: every source through one entry. */
async function classifyThere([entry, model, picture, webp]: [string, string, string, string]): Promise<{
  answers: Record<string, Answer>;
  list: Class[][];
  refused: string[];
}> {
  // Hidden from the test runner, which rewrites imports.
  const load = new Function("path", "return import(path)");
  const { loadModel } = await load(new URL(`/dist/${entry}.js`, location.href).href);
  const bytesOf = (text: string) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const net = await loadModel(bytesOf(model), { relaxedSimd: false });
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d")!;
  context.drawImage(image, 0, 0);
  const offscreen = new OffscreenCanvas(width, height);
  offscreen.getContext("2d")!.drawImage(image, 0, 0);
  const imageData = context.getImageData(0, 0, width, height);
  const sources: Record<string, () => unknown> = {
    HTMLCanvasElement: () => canvas,
    OffscreenCanvas: () => offscreen,
    ImageBitmap: () => createImageBitmap(image),
    HTMLImageElement: () => image,
    ImageData: () => imageData,
    VideoFrame: () => new VideoFrame(canvas, { timestamp: 0 }),
    Blob: () => new Blob([bytesOf(picture)]),
    File: () => new File([bytesOf(picture)], "picture.png", { type: "image/png" }),
    "a file's bytes": () => bytesOf(picture),
    pixels: () => ({ data: imageData.data, width, height }),
    "grey pixels": () => ({ data: imageData.data.filter((_, i) => i % 4 === 0), width, height }),
    "a WebP file": () => new Blob([bytesOf(webp)]),
  };
  const say = (error: Error) => `${error.name}: ${error.message}`;
  const answers: Record<string, Answer> = {};
  for (const [name, source] of Object.entries(sources)) answers[name] = await net.classify(await source()).catch(say);
  // A video that plays what the canvas shows.
  const video = Object.assign(document.createElement("video"), { muted: true, srcObject: canvas.captureStream(30) });
  const timer = setInterval(() => context.drawImage(image, 0, 0), 20);
  await video.play();
  answers.HTMLVideoElement = await net.classify(video).catch(say);
  clearInterval(timer);
  const list = await net.classify([canvas, image, imageData, new Blob([bytesOf(picture)])], { topK: 2 });
  const odd = [new Image(), document.createElement("video"), document.createElement("p"), new Blob(["no picture"])];
  const refused: string[] = [];
  for (const source of odd) refused.push(await net.classify(source).then(() => "taken", say));
  await net.dispose();
  return { answers, list, refused };
}

describe.skipIf(NO_BROWSER)(`model.classify (Chromium; ${NO_BROWSER || "found"})`, () => {
  let browser: Browser;
  let page: Page;
  let server: Server;
  let file: Uint8Array;
  const expected: Record<string, Class[]> = {};
  beforeAll(async () => {
    const model = await createModel(network, {
      inputShape: [16, 16, 3],
      seed: 4,
      transform,
      classNames,
      relaxedSimd: false,
    });
    file = await model.save();
    const { data, width, height } = decodeFile(goldenFile(FILE), { maxPixels: 1e6, exifOrientation: true });
    const grey = { data: data.filter((_, i) => i % 3 === 0), width, height };
    expected.picture = (await model.classify({ data, width, height })) as Class[];
    expected.grey = (await model.classify(grey)) as Class[];
    const webp = decodeFile(goldenFile("alpha as in webp.png"), { maxPixels: 1e6, exifOrientation: true });
    expected.webp = (await model.classify(webp)) as Class[];
    browser = await launch("--autoplay-policy=no-user-gesture-required");
    const served = await servePackage({});
    server = served.server;
    page = await browser.newPage();
    await page.goto(served.url);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const near = (classes: Class[], digits: number) =>
    classes.map(({ index, name, probability }) => ({ index, name, probability: expect.closeTo(probability, digits) }));

  it.each(["index.browser", "inference.browser", "worker"])("%s takes what a page has a picture in", async (entry) => {
    const given: [string, string, string, string] = [
      entry,
      base64(file),
      base64(goldenFile(FILE)),
      base64(goldenFile("alpha.webp")),
    ];
    const { answers, list, refused } = await page.evaluate(classifyThere, given);
    expect(Object.keys(answers)).toHaveLength(13);
    for (const [name, answer] of Object.entries(answers)) {
      const [classes, digits] =
        name === "grey pixels"
          ? [expected.grey, 6]
          : name === "a WebP file" // its alpha rounds colours, by one
            ? [expected.webp, 2]
            : [expected.picture, name === "HTMLVideoElement" ? 1 : 6]; // videos halve the colours' resolution
      expect(answer, name).toEqual(near(classes, digits));
    }
    expect(list).toEqual(Array.from({ length: 4 }, () => near(expected.picture.slice(0, 2), 6)));
    expect(refused[0]).toMatch(/^DataError: \w+: image expected 1 to \d+ pixels, got 0 x 0, 0 pixels\. Wait/);
    expect(refused[1]).toMatch(/^DataError: .* 0 pixels\. Wait/);
    expect(refused[2]).toMatch(/^(ArgumentError|DataError): classify: /);
    expect(refused[3]).toMatch(/^FormatError: .*(JPEG|PNG|picture)/);
  });
});
