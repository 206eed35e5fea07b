// fineTune, trainTable, calibrate and cacheFeatures in Chromium, in the page and in its worker, against Node's bits.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as data from "../../../src/faces/data.js";
import * as metrics from "../../../src/faces/metrics.js";
import * as main from "../../../src/hosts/node/index.js";
import * as recipes from "../../../src/hosts/node/recipes.js";
import { run } from "../../support/recipes/run.js";
import { launch, NO_BROWSER, servePackage } from "./chromium.js";

vi.setConfig({ testTimeout: 180_000 });

describe.skipIf(NO_BROWSER)(`recipes in Chromium (${NO_BROWSER || "found"})`, () => {
  let browser: Awaited<ReturnType<typeof launch>>;
  let served: Awaited<ReturnType<typeof servePackage>>;
  let expected: object;
  beforeAll(async () => {
    const { bytes, told } = await run({ main, data, metrics, recipes, api: main });
    expected = { ...told, hashes: bytes.map((each) => createHash("sha256").update(each).digest("hex")) };
    browser = await launch();
    served = await servePackage({});
  });
  afterAll(async () => {
    await browser?.close();
    served?.server.close();
  });

  it.each(["page", "worker"])("are those of Node, to the bit, in a %s", async (entry) => {
    const page = await browser.newPage();
    await page.goto(served.url);
    await page.addScriptTag({ type: "module", url: "/recipes.js" });
    await page.waitForFunction("globalThis.recipes");
    const found = await page.evaluate(
      (where) => (globalThis as unknown as { recipes(entry: string): Promise<object> }).recipes(where),
      entry,
    );
    expect(found).toEqual(expected);
    expect(found).toMatchObject({ pages: [true, true], features: [[64], 4] });
    await page.close();
  });
});
