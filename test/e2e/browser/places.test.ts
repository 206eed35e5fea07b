// The package in Chromium where import() is not allowed: service workers, backgrounds of extensions, worklets. Bundled to one
// file it works; as modules each function says so by a typed error.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { encode } from "fast-png";
import { type Browser, chromium, type Page, type Worker } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { glyphs } from "../../../src/faces/data.js";
import { createModel, createTrainer, crossEntropy, Linear, residualMLP, SGD } from "../../../src/hosts/node/index.js";
import { EXECUTABLE, LAUNCH, launch, NO_BROWSER } from "./chromium.js";

vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL("../../..", import.meta.url));
const source = fileURLToPath(new URL("places.js", import.meta.url));

/** What the functions of places.js are given, as JSON. */
interface Given {
  bytes: number[];
  png: number[];
  wasm: number[];
}
type Seen = Record<string, unknown>;

let given: Given;
let predicted: number[];
let hash: string;
let oneFile: string;
let browser: Browser;
let server: Server;
let url: string;

/** places.js with all of the package that it may ask for. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: readFileSync(source, "utf8").replaceAll('"/dist/', '"./'), resolveDir: join(root, "dist") },
    bundle: true,
    format: "esm",
    write: false,
    external: ["node:*"],
    logLevel: "error",
  });
  return outputFiles[0]!.text;
}

/** What worklets lack, in short. */
const POLYFILL = `
globalThis.TextEncoder ??= class {
  encode(text) { return Uint8Array.from(unescape(encodeURIComponent(text)), (letter) => letter.charCodeAt(0)); }
};
globalThis.TextDecoder ??= class {
  decode(bytes) { return decodeURIComponent(escape(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))); }
};
`;

const PAGE = "<!doctype html><title>places</title><link rel=icon href='data:,'>";

function serve(): Promise<Server> {
  const files: Record<string, string> = { "/": PAGE, "/one.js": oneFile, "/worklet.js": POLYFILL + oneFile };
  const listening = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    const type = extname(path) === ".js" ? "text/javascript" : "text/html";
    const local = path.startsWith("/dist/") ? join(root, path) : source;
    try {
      response.writeHead(200, { "Content-Type": type }).end(files[path] ?? readFileSync(local));
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => listening.listen(0, "127.0.0.1", () => resolve(listening)));
}

beforeAll(async () => {
  if (NO_BROWSER) return;
  const model = await createModel(new Linear(2, 1), { inputShape: [2], seed: 1 });
  predicted = Array.from(model.predict([1, 2]).data);
  const png = encode({ width: 3, height: 2, channels: 3, depth: 8, data: new Uint8Array(18) });
  const wasm = readFileSync(join(root, "dist/kernels/simd.wasm"));
  given = { bytes: Array.from(await model.save()), png: Array.from(png), wasm: Array.from(wasm) };
  const trained = await createModel(residualMLP({ in: 784, width: 32, blocks: 2, out: 4 }), {
    ...{ inputShape: [784], seed: 3, relaxedSimd: false },
  });
  const trainer = createTrainer(trained, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
  await trainer.fit(glyphs({ count: 128, classes: 4 }), { epochs: 2 });
  hash = createHash("sha256")
    .update(await trained.save())
    .digest("hex");
  oneFile = await bundle();
  server = await serve();
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

type Place = { attempt: (given: Given) => Promise<Seen> };
const attemptIn = (place: Page | Worker): Promise<Seen> =>
  (place as Page).evaluate((all) => (globalThis as unknown as Place).attempt(all), given);

async function inServiceWorker(script: string): Promise<Seen> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  const started = context.waitForEvent("serviceworker");
  await page.evaluate((path) => navigator.serviceWorker.register(path, { type: "module" }).then(() => {}), script);
  const seen = await attemptIn(await started);
  await context.close();
  return seen;
}

/** A worklet has no clock, no timers and no TextEncoder, and its scripts come by a page. */
async function inWorklet(script: string): Promise<Seen> {
  const page = await browser.newPage();
  await page.goto(url);
  const seen = await page.evaluate(
    async ([path, all]) => {
      const audio = new AudioContext();
      await audio.audioWorklet.addModule(path);
      const { port } = new AudioWorkletNode(audio, "attempts");
      return new Promise<Seen>((resolve) => {
        port.onmessage = ({ data }) => resolve(data);
        port.postMessage(all);
      });
    },
    [script, given] as const,
  );
  await page.close();
  return seen;
}

const all = () => ({
  train: expect.stringMatching(new RegExp(`^${hash}; .*one thread: this scope cannot start workers`)),
  evaluate: true,
  loadModel: predicted,
  inference: predicted,
  kernelBytes: [1, 1],
  kernelModule: predicted,
  decode: [3, 2],
  profile: true,
});

const LACKS = /^RuntimeSupportError: .*runtime expected one with Text(En|De)coder, got none\. Set globalThis\.Text/;
const NO_IMPORT = /^RuntimeSupportError: .*got .*import\(\).*bundle into one file/;

describe.skipIf(NO_BROWSER)(`a service worker (Chromium; ${NO_BROWSER || "found"})`, () => {
  it("has all of the package in one file, with the bits of Node", async () => {
    expect(await inServiceWorker("/one.js")).toEqual(all());
  });

  it("says so where it may not import() a part of the package", async () => {
    const { kernelModule, ...others } = await inServiceWorker("/places.js");
    expect(kernelModule).toEqual(predicted);
    for (const [name, seen] of Object.entries(others))
      expect([name, seen]).toEqual([name, expect.stringMatching(NO_IMPORT)]);
  });
});

describe.skipIf(NO_BROWSER)(`the background of an extension (Chromium; ${NO_BROWSER || "found"})`, () => {
  async function inBackground(policy: object): Promise<Seen> {
    const folder = mkdtempSync(join(tmpdir(), "extension-"));
    const background = { service_worker: "one.js", type: "module" };
    writeFileSync(
      join(folder, "manifest.json"),
      JSON.stringify({ manifest_version: 3, name: "places", version: "1", background, ...policy }),
    );
    writeFileSync(join(folder, "one.js"), oneFile);
    const context = await chromium.launchPersistentContext("", {
      executablePath: EXECUTABLE,
      headless: false,
      args: [
        ...LAUNCH,
        "--headless=new",
        "--disable-features=DisableLoadExtensionCommandLineSwitch",
        `--disable-extensions-except=${folder}`,
        `--load-extension=${folder}`,
      ],
    });
    try {
      const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker", { timeout: 30_000 }));
      return await attemptIn(worker);
    } finally {
      await context.close();
      rmSync(folder, { recursive: true });
    }
  }

  it("runs all with 'wasm-unsafe-eval' in its manifest", async () => {
    const extension_pages = "script-src 'self' 'wasm-unsafe-eval'";
    expect(await inBackground({ content_security_policy: { extension_pages } })).toEqual(all());
  });

  it("says so where its manifest forbids to compile", async () => {
    const { decode, kernelModule: _, ...others } = await inBackground({});
    expect(decode).toEqual([3, 2]);
    for (const [name, seen] of Object.entries(others))
      expect([name, seen]).toEqual([name, expect.stringMatching(/^RuntimeSupportError: .*wasm-unsafe-eval/)]);
  });
});

describe.skipIf(NO_BROWSER)(`a worklet (Chromium; ${NO_BROWSER || "found"})`, () => {
  it("says what it lacks", async () => {
    const { kernelBytes, decode, ...others } = await inWorklet("/one.js");
    expect({ kernelBytes, decode }).toEqual({ kernelBytes: [1, 1], decode: [3, 2] });
    for (const [name, seen] of Object.entries(others))
      expect([name, seen]).toEqual([name, expect.stringMatching(LACKS)]);
  });

  it("has all of the package in one file, when it is given that", async () => {
    expect(await inWorklet("/worklet.js")).toEqual({
      ...all(),
      train: expect.stringMatching(/^undefined; .*one thread: this scope cannot start workers/),
    });
  });
});
