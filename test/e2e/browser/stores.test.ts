// opfsStore and idbStore in Chromium: pages, workers, two tabs, tabs that are closed while they write, quotas.
import type { Server } from "node:http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { launch, NO_BROWSER, servePackage } from "./chromium.js";

vi.setConfig({ testTimeout: 120_000 });

let browser: Browser;
let context: BrowserContext;
let server: Server;
let url: string;
beforeAll(async () => {
  if (NO_BROWSER) return;
  browser = await launch();
  context = await browser.newContext();
  ({ server, url } = await servePackage({}));
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** A tab of one browser, all of which have the same files. */
async function tab(within = context): Promise<Page> {
  const page = await within.newPage();
  await page.goto(url);
  await page.addScriptTag({ type: "module", url: "/stores.js" });
  await page.waitForFunction("globalThis.stores");
  return page;
}

const run = <T>(page: Page, test: string, argument: object): Promise<T> =>
  page.evaluate(
    ([name, value]) => (globalThis as unknown as { stores: Record<string, (a: object) => T> }).stores[name](value),
    [test, argument] as const,
  );
const runInWorker = <T>(page: Page, test: string, argument: object): Promise<T> =>
  page.evaluate(
    ([name, value]) =>
      (globalThis as unknown as { stores: { inWorker(n: string, a: object): Promise<T> } }).stores.inWorker(
        name,
        value,
      ),
    [test, argument] as const,
  );

interface Refusal {
  name: string;
  message: string;
  typed: boolean;
}

describe.skipIf(NO_BROWSER).each(["opfs", "idb"])(`%sStore in Chromium (${NO_BROWSER || "found"})`, (kind) => {
  it("keeps files by name, in a page and in a worker", async () => {
    const page = await tab();
    for (const way of [run, runInWorker]) {
      const kept = await way<Record<string, unknown>>(page, "keep", { kind, name: `${kind}-files` });
      expect(kept).toMatchObject({
        before: [[], undefined],
        read: [[1, 2], []],
        names: ["a", "b"],
        after: [["b"], undefined],
      });
      expect(kept.refused).toMatchObject({ name: "ArgumentError" });
    }
    await page.close();
  });

  it("refuses a second tab or worker, until the first is closed", async () => {
    const [first, second] = [await tab(), await tab()];
    const store = { kind, name: `${kind}-tabs` };
    await run(first, "hold", store);
    const refusal = {
      name: "StoreError",
      typed: true,
      message: expect.stringContaining("in use by another tab or worker"),
    };
    expect(await run<Refusal>(second, "lock", store)).toMatchObject(refusal);
    expect(await runInWorker<Refusal>(first, "lock", store)).toMatchObject(refusal);
    expect(await run<Refusal>(second, "write", { ...store, file: "a", length: 1, value: 1 })).toMatchObject(refusal);
    expect(await run(second, "lock", { kind, name: `${kind}-others` })).toBe("no error");
    await first.close();
    await expect.poll(() => run(second, "lock", store)).toBe("no error");
    await runInWorker(second, "hold", store);
    expect(await run<Refusal>(second, "lock", store)).toMatchObject(refusal);
    await second.close();
  });

  it("has whole files alone after a tab was closed while it wrote", async () => {
    const looking = await tab();
    const store = { kind, name: `${kind}-churn`, length: 300_000 };
    for (const way of [run, runInWorker])
      for (let i = 0; i < 4; i++) {
        const page = await tab();
        way(page, "churn", store).catch(() => {}); // ends with its page
        await page.waitForTimeout(150 + 61 * i);
        await page.close();
        const files = await run<{ length: number; values: number[] }[]>(looking, "look", store);
        expect(files.length).toBeGreaterThan(0);
        for (const { length, values } of files) expect([length, values.length]).toEqual([store.length, 1]);
        expect(await run(looking, "write", { ...store, file: "c", length: 300_000, value: 7 })).toBe("no error");
      }
    await looking.close();
  });

  it("tells that there is no room, and keeps what was there", async () => {
    const alone = await browser.newContext();
    const page = await tab(alone);
    const session = await alone.newCDPSession(page);
    const store = { kind, name: `${kind}-quota` };
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin, quotaSize: 2_000_000 });
    expect(await run(page, "write", { ...store, file: "a", length: 1000, value: 1 })).toBe("no error");
    const refusal = await run<Refusal>(page, "noise", { ...store, file: "a", length: 8_000_000 });
    expect(refusal.message).toMatch(/a expected room for it, got \d+ of \d+ bytes in use/);
    expect(refusal).toMatchObject({ name: "QuotaError", typed: true });
    expect(await run(page, "look", store)).toEqual([{ file: "a", length: 1000, values: [1] }]);
    await alone.close();
  });

  it("asks the browser to keep what is stored, and tells its answer", async () => {
    const page = await tab();
    const [answer, persisted] = await run<boolean[]>(page, "persist", { kind, name: "x" });
    expect(answer).toBe(persisted);
    expect(await runInWorker(page, "persist", { kind, name: "x" })).toEqual([persisted, persisted]);
    await page.close();
  });
});
