// decodeImage in Chromium, in a page and in a worker: the pixels of Node, and formats that Node does not decode.
import { createHash } from "node:crypto";
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { decodeFile } from "../../../src/data/image/decode.js";
import { goldenFile, goldens, platformGoldens, turnedGoldens } from "../../unit/data/pictures.js";
import { launch, NO_BROWSER, servePackage } from "./chromium.js";

vi.setConfig({ testTimeout: 120_000 });

interface Decoded {
  width: number;
  height: number;
  pixels: string;
}

/** Runs in the page. */
async function decodeThere([file, inWorker, options]: [string, boolean, object]): Promise<Decoded | string> {
  const program = `
    const { decodeImage } = await import(new URL("/dist/data.js", origin));
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    try {
      const { data, width, height } = await decodeImage(bytes, "picture", options);
      return { width, height, pixels: btoa(String.fromCharCode(...data)) };
    } catch (error) {
      return error.name + ": " + error.message;
    }`;
  const { origin } = location;
  if (!inWorker) {
    const { constructor: AsyncFunction } = Object.getPrototypeOf(async () => {});
    return AsyncFunction("file", "options", "origin", program)(file, options, origin);
  }
  const source = `onmessage = async ({ data: { file, options, origin } }) => postMessage(await (async () => {${program}})());`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { type: "module" });
  worker.postMessage({ file, options, origin });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
  });
}

describe.skipIf(NO_BROWSER)(`decodeImage (Chromium; ${NO_BROWSER || "found"})`, () => {
  let browser: Browser;
  let page: Page;
  let server: Server;
  beforeAll(async () => {
    browser = await launch();
    const served = await servePackage({});
    server = served.server;
    page = await browser.newPage();
    await page.goto(served.url);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const decode = (name: string, inWorker = false, options: object = {}): Promise<Decoded | string> =>
    page.evaluate(decodeThere, [Buffer.from(goldenFile(name)).toString("base64"), inWorker, options] as [
      string,
      boolean,
      object,
    ]);
  /** RGB, or RGBA for goldens with alpha. */
  const pixelsOf = ({ pixels, width, height }: Decoded, mode: string): Uint8Array => {
    const data = Buffer.from(pixels, "base64");
    const channels = data.length / (width * height);
    return mode === "RGBA" || channels === 3 ? data : data.filter((_, i) => i % 4 < 3);
  };

  it.each(Object.keys(platformGoldens))("%s has its pixels, in a page and in a worker", async (name) => {
    const { size, mode, sha256 } = platformGoldens[name];
    for (const inWorker of [false, true]) {
      const upright = name === "oriented.webp" ? { exifOrientation: false } : {};
      const decoded = (await decode(name, inWorker, upright)) as Decoded;
      expect([decoded.width, decoded.height], JSON.stringify(decoded)).toEqual(size);
      const pixels = pixelsOf(decoded, mode);
      if (name === "alpha.webp") {
        // A canvas holds colours times alpha, here above half: what comes back is rounded twice.
        const { data } = decodeFile(goldenFile("alpha as in webp.png"), { maxPixels: 1e6, exifOrientation: true });
        for (const [i, value] of pixels.entries()) expect(Math.abs(value - data[i])).toBeLessThanOrEqual(1);
      } else if (name !== "lossy.webp") expect(createHash("sha256").update(pixels).digest("hex")).toBe(sha256);
    }
  });

  it("refuses WebP of more pixels than allowed, and what is damaged", async () => {
    expect(await decode("lossless.webp", false, { maxPixels: 272 })).toBe(
      "FormatError: decodeImage: picture: size of WebP expected 1 to 272 pixels, got 21 x 13, 273 pixels",
    );
    const file = goldenFile("lossless.webp").subarray(0, 60);
    const damaged = await page.evaluate(decodeThere, [Buffer.from(file).toString("base64"), false, {}] as [
      string,
      boolean,
      object,
    ]);
    expect(damaged).toMatch(/^FormatError: decodeImage: picture: file expected a whole, valid WebP, got /);
  });

  it.each([...Object.keys(goldens).filter((name) => name.startsWith("35x18 2x2")), ...Object.keys(turnedGoldens)])(
    "%s is what it is in Node",
    async (name) => {
      const there = (await decode(name)) as Decoded;
      const here = decodeFile(goldenFile(name), { maxPixels: 1e6, exifOrientation: true });
      expect([there.width, there.height]).toEqual([here.width, here.height]);
      expect(Uint8Array.from(Buffer.from(there.pixels, "base64"))).toEqual(here.data);
    },
  );

  it("turns WebP upright as the page's own images are", async () => {
    const turned = (await decode("oriented.webp")) as Decoded;
    const own = await page.evaluate(
      async (file) => {
        const image = new Image();
        image.src = `data:image/webp;base64,${file}`;
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];
      },
      Buffer.from(goldenFile("oriented.webp")).toString("base64"),
    );
    expect([turned.width, turned.height]).toEqual(own);
  });

  it("toImage reads canvases, bitmaps, images and frames of videos", async () => {
    const file = `data:image/png;base64,${Buffer.from(goldenFile("rgb 8 bits.png")).toString("base64")}`;
    const seen = await page.evaluate(async (address) => {
      // Hidden from the test runner, which rewrites imports.
      const { toImage } = await new Function("path", "return import(path)")(
        new URL("/dist/data.js", location.href).href,
      );
      const image = new Image();
      image.src = address;
      await image.decode();
      const { naturalWidth: width, naturalHeight: height } = image;
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      canvas.getContext("2d")!.drawImage(image, 0, 0);
      const offscreen = new OffscreenCanvas(width, height);
      offscreen.getContext("2d")!.drawImage(image, 0, 0);
      const imageData = canvas.getContext("2d")!.getImageData(0, 0, width, height);
      const blob = await (await fetch(address)).blob();
      const frame = new VideoFrame(canvas, { timestamp: 0 });
      const sources = { image, canvas, offscreen, imageData, blob, frame, bitmap: await createImageBitmap(image) };
      const results: Record<string, [number, number, number[]]> = {};
      for (const [name, source] of Object.entries(sources)) {
        const { data, width, height } = await toImage(source);
        results[name] = [width, height, Array.from(data as Uint8Array)];
      }
      const refused = await Promise.all(
        [new Image(), document.createElement("video"), document.createElement("div")].map((source) =>
          toImage(source).catch((error: Error) => `${error.name}: ${error.message}`),
        ),
      );
      return { results, refused };
    }, file);
    const { data, width, height } = decodeFile(goldenFile("rgb 8 bits.png"), { maxPixels: 1e6, exifOrientation: true });
    expect(Object.keys(seen.results)).toHaveLength(7);
    for (const [name, [w, h, pixels]] of Object.entries(seen.results)) {
      expect([w, h], name).toEqual([width, height]);
      const channels = pixels.length / (w * h);
      expect(
        pixels.filter((_, i) => i % channels < 3),
        name,
      ).toEqual(Array.from(data));
    }
    expect(seen.refused[0]).toContain(
      "DataError: toImage: image expected 1 to 100000000 pixels, got 0 x 0, 0 pixels. Wait",
    );
    expect(seen.refused[1]).toContain("0 pixels. Wait until it is loaded");
    expect(seen.refused[2]).toContain("ArgumentError: toImage: image expected { data, width, height }");
  });
});
