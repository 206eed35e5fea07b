// Chromium and Firefox, as the distribution packages them, by Playwright.
import { existsSync } from "node:fs";
import { chromium as chromiumDriver, firefox as firefoxDriver } from "playwright-core";
import { browserRuntime } from "./pages.js";

const opener = (driver, options) => async () => {
  const browser = await driver.launch(options);
  return {
    version: browser.version(),
    async outcome(address) {
      const page = await browser.newPage();
      const failed = new Promise((_, reject) => page.on("pageerror", reject));
      failed.catch(() => {}); // a page may be closed before it fails
      await page.goto(address);
      await Promise.race([page.waitForFunction(() => "outcome" in globalThis, null, { timeout: 30_000 }), failed]);
      return Promise.race([page.evaluate(() => globalThis.outcome), failed]);
    },
    close: () => browser.close(),
  };
};

const CHROMIUM = "/usr/bin/chromium";
const chromiumOptions = (...more) => ({
  executablePath: CHROMIUM,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    ...more,
  ],
});

export const chromium = browserRuntime({
  name: "chromium",
  title: "Chromium",
  relaxedSimd: true,
  installed: () => existsSync(CHROMIUM),
  open: opener(chromiumDriver, chromiumOptions()),
  openWithoutSimd: opener(chromiumDriver, chromiumOptions("--js-flags=--no-enable-sse4-1")),
});

const FIREFOX = "/usr/bin/firefox-esr";
const firefoxOptions = (firefoxUserPrefs) => ({ executablePath: FIREFOX, channel: "moz-firefox", firefoxUserPrefs });

export const firefox = browserRuntime({
  name: "firefox",
  title: "Firefox",
  relaxedSimd: true,
  installed: () => existsSync(FIREFOX),
  open: opener(firefoxDriver, firefoxOptions({})),
  openWithoutSimd: opener(firefoxDriver, firefoxOptions({ "javascript.options.wasm_simd": false })),
});
