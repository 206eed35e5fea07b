/** Chromium with the bench's page, and the contenders' seats in it: a page each. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { ENTRIES, serve } from "./server.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const KNOWN = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

class PageSeat {
  constructor(page) {
    this.page = page;
  }

  async call(method, argument, limit = 120_000) {
    if (this.dead) throw new Error(this.dead);
    if (method === "peak") return null; // a page does not know its process
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve({ error: `no result within ${limit / 1000} s` }), limit);
    });
    const { error, value } = await Promise.race([this.page.evaluate((m) => globalThis.call(m), { method, argument }), late]); // biome-ignore format: one call
    clearTimeout(timer);
    if (error?.startsWith("no result")) {
      await this.close(); // or it would go on computing beside the others
      this.dead = error;
    }
    if (error) throw new Error(error.split("\n")[0]);
    return value;
  }

  async close() {
    if (!this.dead) await this.page.context().close();
  }
}

/** The page's program. `options`: further ones of esbuild's. */
export const bundlePage = (outdir, options = {}) =>
  build({
    entryPoints: [here("browser.js")],
    bundle: true,
    splitting: true,
    format: "esm",
    outdir,
    external: ["node:*", "onnxruntime-node", ...Object.keys(ENTRIES)],
    logLevel: "error",
    ...options,
  });

/** `open(contender)` resolves to a seat. */
export async function launchChromium() {
  const executablePath = process.env.CHROMIUM ?? KNOWN.find(existsSync);
  if (!executablePath) throw new Error(`--browser expected Chromium at ${KNOWN.join(", ")} or in CHROMIUM, got none`);
  await bundlePage(here("../build/bench/page"));
  const server = await serve();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const url = `http://127.0.0.1:${server.address().port}/`;
  return {
    version: browser.version(),
    async open({ folder, options }) {
      const page = await (await browser.newContext()).newPage();
      await page.goto(url);
      await page.waitForFunction(() => globalThis.start);
      await page.evaluate(([folder, options]) => globalThis.start(folder, options), [folder, options]);
      return new PageSeat(page);
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
