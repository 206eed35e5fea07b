// Chromium and Firefox, as the distribution packages them, by Puppeteer.
import { existsSync } from "node:fs";
import { browserRuntime } from "./pages.js";

const opener = (options) => async () => {
  const { default: puppeteer } = await import("puppeteer-core");
  const browser = await puppeteer.launch({ headless: true, protocolTimeout: 600_000, ...options });
  return {
    version: (await browser.version()).split("/").at(-1),
    async outcome(address) {
      const page = await browser.newPage();
      const failed = new Promise((_, reject) => page.on("pageerror", reject));
      failed.catch(() => {}); // a page may be closed before it fails
      await page.goto(address);
      await Promise.race([page.waitForFunction(() => "outcome" in globalThis), failed]);
      return Promise.race([page.evaluate(() => globalThis.outcome), failed]);
    },
    close: () => browser.close(),
  };
};

const CHROMIUM = "/usr/bin/chromium";
const chromiumOptions = (...more) => ({
  browser: "chrome",
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", ...more],
});

export const chromium = browserRuntime({
  name: "chromium",
  title: "Chromium",
  relaxedSimd: true,
  installed: () => existsSync(CHROMIUM),
  open: opener(chromiumOptions()),
  openWithoutSimd: opener(chromiumOptions("--js-flags=--no-enable-sse4-1")),
});

const FIREFOX = "/usr/bin/firefox-esr";
const firefoxOptions = (extraPrefsFirefox) => ({ browser: "firefox", executablePath: FIREFOX, extraPrefsFirefox });

export const firefox = browserRuntime({
  name: "firefox",
  title: "Firefox",
  relaxedSimd: true,
  installed: () => existsSync(FIREFOX),
  open: opener(firefoxOptions({})),
  openWithoutSimd: opener(firefoxOptions({ "javascript.options.wasm_simd": false })),
});
