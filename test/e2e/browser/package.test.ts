// The package in Chromium: the main entry and resnet-wasm/worker in isolated, plain and strict pages.
import { createHash } from "node:crypto";
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { glyphs } from "../../../src/faces/data.js";
import { createModel, createTrainer, crossEntropy, residualMLP, SGD } from "../../../src/hosts/node/index.js";
import { ISOLATED, launch, NO_BROWSER, STRICT, servePackage } from "./chromium.js";

vi.setConfig({ testTimeout: 120_000 });

let browser: Browser;
beforeAll(async () => {
  if (!NO_BROWSER) browser = await launch("--js-flags=--expose-gc");
});
afterAll(() => browser?.close());

/** The hash of what pages.js trains, trained here. */
async function expectedHash(): Promise<string> {
  const network = residualMLP({ in: 784, width: 32, blocks: 2, out: 4 });
  const model = await createModel(network, { inputShape: [784], seed: 3, relaxedSimd: false });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }) });
  await trainer.fit(glyphs({ count: 128, classes: 4 }), { epochs: 2 });
  return createHash("sha256")
    .update(await model.save())
    .digest("hex");
}

type Tests = Record<string, (argument?: object) => unknown>;
const run = <T>(page: Page, name: string, argument: object = {}): Promise<T> =>
  page.evaluate(([test, value]) => (globalThis as unknown as { tests: Tests }).tests[test](value), [
    name,
    argument,
  ] as const) as Promise<T>;

interface Trained {
  hash: string;
  threads: number;
  why: string;
}

interface Refusal {
  name: string;
  message: string;
  typed: boolean;
}

/** A page under these headers, with all that it asked of the network. */
function withPage(headers: Record<string, string>) {
  const opened = {} as { page: Page; url: string; requests: string[]; server: Server };
  beforeAll(async () => {
    if (NO_BROWSER) return;
    const { server, url } = await servePackage(headers);
    const page = await browser.newPage();
    const requests: string[] = [];
    page.context().on("request", (request) => requests.push(request.url()));
    await page.goto(url);
    await page.waitForFunction("globalThis.tests");
    Object.assign(opened, { page, url, requests, server });
  });
  afterAll(async () => {
    await opened.page?.close();
    opened.server?.close();
  });
  return opened;
}

describe.skipIf(NO_BROWSER)(`a cross-origin isolated page (Chromium; ${NO_BROWSER || "found"})`, () => {
  const opened = withPage(ISOLATED);

  it("trains to the same bits as Node, in the page and in a worker, with any number of threads", async () => {
    const { page } = opened;
    expect(await run(page, "isolated")).toBe(true);
    const hash = await expectedHash();
    for (const test of ["trainInPage", "trainInWorker"])
      for (const threads of [1, 2])
        expect(await run<Trained>(page, test, { threads })).toMatchObject({ hash, threads });
  });

  it("hands buffers over", async () => {
    expect(await run(opened.page, "transfer")).toEqual({ lengths: [0, 0], equal: true });
  });

  it("hears timers, signals and calls while it trains", async () => {
    expect(await run(opened.page, "stop")).toEqual(["aborted", true, "aborted", true]);
  });

  it("gets typed errors of the worker", async () => {
    const { shape, option } = await run<Record<string, Refusal>>(opened.page, "refuse");
    expect(shape).toMatchObject({ name: "ShapeError", typed: true });
    expect(shape.message).toMatch(/predict: input expected \[n, 784\]/);
    expect(option).toMatchObject({ name: "ArgumentError", typed: true });
  });

  it("notices that its worker was terminated", async () => {
    const { fit, later } = await run<Record<string, Refusal>>(opened.page, "kill");
    expect(fit).toMatchObject({ name: "RuntimeSupportError", typed: true });
    expect(fit.message).toBe("fit: worker expected alive, got it was terminated");
    expect(later.message).toBe("predict: worker expected alive, got it was terminated");
  });

  it("has no workers left of models that were disposed or forgotten", async () => {
    const { page } = opened;
    const none = () => page.workers().length === 0;
    await run(page, "trainInWorker", { threads: 2 });
    await expect.poll(none).toBe(true);
    await run(page, "forget");
    expect(page.workers().length).toBeGreaterThan(0);
    const collected = () => run(page, "collect").then(none);
    await expect.poll(collected, { timeout: 20_000, interval: 100 }).toBe(true);
  });

  it("says what to do where the worker's file is missing", async () => {
    const refusal = await run<Refusal>(opened.page, "missing");
    expect(refusal.name).toBe("RuntimeSupportError");
    expect(refusal.message).toMatch(
      /worker: worker expected one that starts, got its file could not be loaded. Host the file/,
    );
  });
});

describe.skipIf(NO_BROWSER)(`a page without isolation (Chromium; ${NO_BROWSER || "found"})`, () => {
  const opened = withPage({});

  it("trains to the same bits, on one thread each", async () => {
    expect(await run(opened.page, "isolated")).toBe(false);
    const hash = await expectedHash();
    for (const test of ["trainInPage", "trainInWorker"]) {
      const trained = await run<Trained>(opened.page, test, { threads: 2 });
      expect(trained).toMatchObject({ hash, threads: 1 });
      expect(trained.why).toMatch(/not cross-origin isolated/);
    }
  });
});

describe.skipIf(NO_BROWSER)(`a strict page (Chromium; ${NO_BROWSER || "found"})`, () => {
  const opened = withPage({ ...ISOLATED, ...STRICT });

  it("runs the main entry with threads from a file of its own", async () => {
    const trained = await run<Trained>(opened.page, "trainInPage", { threads: 2, workerUrl: "/own/thread.js" });
    expect(trained).toMatchObject({ hash: await expectedHash(), threads: 2 });
  });

  it("runs resnet-wasm/worker with threads, from the package's file or one of its own", async () => {
    const hash = await expectedHash();
    for (const worker of [undefined, "/own/model-worker.js"])
      expect(await run<Trained>(opened.page, "trainInWorker", { threads: 2, worker })).toMatchObject({
        hash,
        threads: 2,
      });
  });

  it("lets the threads of a worker's model have a file of their own", async () => {
    const more = { threads: 2, workerUrl: "own/thread.js" };
    expect(await run<Trained>(opened.page, "trainInWorker", more)).toMatchObject({ threads: 2 });
  });

  it("needs no network after the first visit", async () => {
    const { page, url, requests } = opened;
    await page.context().setOffline(true);
    requests.length = 0;
    expect(await run<Trained>(page, "trainInPage", { threads: 2, workerUrl: "/own/thread.js" })).toMatchObject({
      threads: 2,
    });
    expect(await run<Trained>(page, "trainInWorker", { threads: 1 })).toMatchObject({ hash: await expectedHash() });
    await page.context().setOffline(false);
    expect(requests.filter((address) => !address.startsWith(url))).toEqual([]);
    expect(await run(page, "violations")).toEqual([]);
  });

  it("falls back to one thread where blob: workers are forbidden and no file is given", async () => {
    const trained = await run<Trained>(opened.page, "trainInPage", { threads: 2 });
    expect(trained).toMatchObject({ hash: await expectedHash(), threads: 1 });
    expect(trained.why).toMatch(/no worker started/);
  });
});
