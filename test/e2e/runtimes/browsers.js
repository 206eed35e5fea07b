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
      // Firefox reports what a policy forbids as errors of the page: they matter only when there is no outcome.
      const errors = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      try {
        await page.goto(address);
        return await page.evaluate(async () => {
          for (let waited = 0; !("outcome" in globalThis); waited += 50) {
            if (waited > 30_000) throw new Error("the page's program did not start");
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          return globalThis.outcome;
        });
      } catch (error) {
        throw new Error([error.message, ...errors].join("\n"), { cause: error });
      }
    },
    close: () => browser.close(),
  };
};

const CHROMIUM = "/usr/bin/chromium";
const chromiumOptions = (...more) => ({
  browser: "chrome",
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
  open: opener(chromiumOptions()),
  openWithoutSimd: opener(chromiumOptions("--js-flags=--no-enable-sse4-1")),
});

const FIREFOX = "/usr/bin/firefox-esr";
/** It has no switch for SIMD. */
export const firefox = browserRuntime({
  name: "firefox",
  title: "Firefox",
  relaxedSimd: true,
  installed: () => existsSync(FIREFOX),
  open: opener({ browser: "firefox", executablePath: FIREFOX }),
});
