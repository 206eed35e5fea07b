// A training in Chromium whose page is closed again and again ends as one in Node that was never stopped.
import { createHash } from "node:crypto";
import type { Server } from "node:http";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Philox } from "../../../src/core/random.js";
import * as data from "../../../src/faces/data.js";
import * as metrics from "../../../src/faces/metrics.js";
import * as main from "../../../src/hosts/node/index.js";
import { run } from "../../support/kill/run.js";
import { launch, NO_BROWSER, servePackage } from "./chromium.js";

vi.setConfig({ testTimeout: 180_000 });

/** Pages that are closed before one is let come to the end. */
const CLOSED = 5;

const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

let browser: Browser;
let context: BrowserContext;
let server: Server;
let url: string;
let expected: object;
beforeAll(async () => {
  if (NO_BROWSER) return;
  const { checkpoint, weights, ...told } = await run({ main, data, metrics, api: main }, main.memoryStore());
  expected = { ...told, checkpoint: hash(checkpoint), weights: hash(weights) };
  browser = await launch();
  context = await browser.newContext();
  ({ server, url } = await servePackage({}));
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

interface Training {
  entry: string;
  kind: string;
  name: string;
}

/** A page at work. */
async function start(training: Training) {
  const page = await context.newPage();
  await page.goto(url);
  await page.addScriptTag({ type: "module", url: "/resume.js" });
  await page.waitForFunction("globalThis.training");
  const done = page.evaluate(
    (argument) => (globalThis as unknown as { training(t: Training): Promise<object> }).training(argument),
    training,
  );
  done.catch(() => {}); // ends with its page
  return { page, done };
}

describe.skipIf(NO_BROWSER)(`a training whose page is closed (Chromium; ${NO_BROWSER || "found"})`, () => {
  it.each([
    ["opfs", "page"],
    ["opfs", "worker"],
    ["idb", "page"],
  ])("goes on from %sStore to the same bits, in a %s", async (kind, entry) => {
    const training = { entry, kind, name: `training-${entry}` };
    const random = new Philox(7, kind.length + entry.length);
    let closed = 0;
    for (let outcome: object | null = null; !outcome; ) {
      const { page, done } = await start(training);
      // How long a training takes depends on the machine: the first pages are closed soon, the last is left alone.
      const soon = page.waitForTimeout(50 + 100 * (closed + 1) * random.uniform()).then(() => null);
      outcome = await (closed < CLOSED ? Promise.race([done, soon]) : done);
      await page.close();
      if (!outcome) closed++;
      else expect(outcome).toEqual(expected);
    }
    expect(closed).toBeGreaterThan(1);
  });
});
