/** Pages in Chromium: a folder as a site, and what a page's program found. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Outcome } from "./platform.js";

export const executablePath = "/usr/bin/chromium";
export const noBrowser = (): string | undefined => (existsSync(executablePath) ? undefined : `no ${executablePath}`);

const TYPES: Record<string, string> = {
  ...{ ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css" },
  ...{ ".json": "application/json", ".wasm": "application/wasm" },
};

let browser: Promise<Browser> | undefined;
const launch = () =>
  chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic"] });

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

/** Serves files of a folder; `use` gets the address. */
export async function hosting<T>(folder: string, use: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(({ url }, response) => {
    const path = decodeURIComponent(new URL(url!, "http://localhost").pathname);
    const file = [join(folder, path), join(folder, path, "index.html"), join(folder, `${path}.html`)].find(
      (each) => each.startsWith(folder) && existsSync(each) && statSync(each).isFile(),
    );
    if (file) response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "text/plain" }).end(readFileSync(file));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Opens an address, waits for its `globalThis.outcome`, and gives what that resolves to. */
export const visit = (address: string): Promise<Outcome> =>
  inTab(async (page) => {
    await page.goto(address);
    return outcomeOf(page);
  });

/** A tab of its own; what it reports as errors is told with a failure. */
export async function inTab<T>(use: (page: Page) => Promise<T>): Promise<T> {
  browser ??= launch();
  const page = await (await (await browser).newContext()).newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  try {
    return await use(page);
  } catch (error) {
    throw new Error([(error as Error).message, ...errors].join("\n"), { cause: error });
  } finally {
    await page.context().close();
  }
}

/** Servers for development reload a page when they have found what it imports: then it begins anew. */
async function outcomeOf(page: Page): Promise<Outcome> {
  const before = Date.now() + 90_000;
  for (;;) {
    try {
      await page.waitForFunction(() => "outcome" in globalThis, undefined, { timeout: before - Date.now() });
      return await page.evaluate(() => (globalThis as unknown as { outcome: Outcome }).outcome);
    } catch (error) {
      if (!/navigation|destroyed/i.test((error as Error).message) || Date.now() > before) throw error;
    }
  }
}
