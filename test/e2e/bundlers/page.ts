// A folder of built files as a cross-origin isolated page in Chromium.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";
export const hasChromium = existsSync(executablePath);

const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript" };
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const POLICY = { "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };

/** Opens index.html of a folder; resolves to the page's `globalThis.outcome` and the paths that it fetched. */
export async function visit<T>(folder: string, { strict = false } = {}): Promise<{ outcome: T; fetched: string[] }> {
  const fetched: string[] = [];
  const server = createServer(({ url }, response) => {
    const path = new URL(url!, "http://localhost").pathname.slice(1) || "index.html";
    fetched.push(path);
    const file = join(folder, path);
    const headers = { ...HEADERS, ...(strict && POLICY), "Content-Type": TYPES[extname(path)] ?? "text/plain" };
    if (existsSync(file)) response.writeHead(200, headers).end(readFileSync(file));
    else response.writeHead(404, headers).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run"] });
  try {
    const page = await browser.newPage();
    const failed = new Promise<never>((_, reject) => page.on("pageerror", reject));
    failed.catch(() => {}); // a page may be closed before it fails
    await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
    await Promise.race([page.waitForFunction(() => "outcome" in globalThis), failed]);
    const outcome = page.evaluate(() => (globalThis as unknown as { outcome: T }).outcome);
    return { outcome: (await Promise.race([outcome, failed])) as T, fetched };
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}
