// The lesson in the engines beside Chromium's: it loads, trains under the policy, and ends with the bits that Node has.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { train } from "../../../site/lesson/experiment.js";
import { POLICY } from "../../../site/vite.config.js";
import { firefox } from "../runtimes/browsers.js";
import { webkit } from "../runtimes/webkit.js";

vi.setConfig({ testTimeout: 240_000 });

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** A page beside the site, in which the site is a frame: drivers of the runtimes wait for `outcome`, whatever the engine. */
const HARNESS = `
const frame = document.querySelector("iframe");
const until = async (what) => {
  for (;;) {
    const found = frame.contentDocument && what(frame.contentDocument);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
globalThis.outcome = (async () => {
  (await until((page) => page.querySelector("#train"))).click();
  return until((page) => {
    const cells = [...page.querySelectorAll("[data-hash]")].map((cell) => cell.dataset.hash);
    const failure = page.querySelector(".stage-verdict").textContent;
    if (failure.startsWith("That did not work")) throw new Error(failure);
    return cells.length === 2 && cells.every(Boolean) && cells;
  });
})();`;

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

async function serve() {
  const own: Record<string, string> = {
    "/": `<!doctype html><iframe src="/site/index.html?depth=4&seed=5&lang=en" width="1000" height="800"></iframe><script src="/harness.js"></script>`,
    "/harness.js": HARNESS,
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const type = TYPES[extname(pathname)] ?? "text/html";
    response.setHeader("Content-Security-Policy", POLICY);
    response.setHeader("Content-Type", type);
    const body = own[pathname] ?? (await readFile(join(fromRoot("build"), pathname)).catch(() => null));
    response.writeHead(body === null ? 404 : 200).end(body ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}/` };
}

const built = existsSync(fromRoot("build/site/index.html"));
const driver = existsSync(fromRoot("test/e2e/runtimes/node_modules/puppeteer-core"));

/** Why an engine is skipped, or "". */
const lacking: Record<string, string> = {
  Firefox: !firefox.installed()
    ? "no firefox-esr"
    : driver
      ? ""
      : "npm ci --prefix test/e2e/runtimes brings its driver",
  WebKitGTK: webkit.installed() ? "" : "no WebKitWebDriver",
};

describe.each([firefox, webkit])("the lesson in $title", ({ title, open }) => {
  const why = built ? lacking[title] : "no build/site; npm run site makes it";
  it.skipIf(why)(`trains both networks to the bits of Node (${why || "found"})`, async () => {
    const { server, url } = await serve();
    try {
      const browser = await open();
      const shown = await browser.outcome(url).finally(() => browser.close());
      const expected = [];
      for (const kind of ["plain", "residual"] as const)
        expected.push((await train({ kind, depth: 4, seed: 5 }, () => {})).hash);
      expect(shown).toEqual(expected);
    } finally {
      server.close();
    }
  });
});
