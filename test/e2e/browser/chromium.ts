// Chromium, and a server of the built package and of the pages of these tests.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const EXECUTABLE = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";

/** Why tests in a browser are skipped, or "" where they run. */
export const NO_BROWSER = existsSync(EXECUTABLE)
  ? ""
  : `skipped: no Chromium at ${EXECUTABLE}; CHROMIUM_PATH may say where it is`;

export const LAUNCH = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = (...more: string[]): Promise<Browser> =>
  chromium.launch({ executablePath: EXECUTABLE, args: [...LAUNCH, ...more] });

export const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
export const STRICT = { "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };

const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript" };

/** Pages and their programs, from the folder of tests. */
const PAGES: Record<string, string> = {
  "/": "e2e/browser/pages.html",
  "/pages.js": "e2e/browser/pages.js",
  "/stores.js": "e2e/browser/stores.js",
  "/resume.js": "e2e/browser/resume.js",
  "/run.js": "support/kill/run.js",
  "/recipes.js": "e2e/browser/recipes.js",
  "/recipes-run.js": "support/recipes/run.js",
};

/** `/dist/…`, `/own/…` (the same files at another place), `/` (pages.html) and `more` by paths, under these headers. */
export async function servePackage(
  headers: Record<string, string>,
  more: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<{ server: Server; url: string }> {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url!, "http://localhost").pathname);
    const [, folder, file] = /^\/(dist|own)\/(.+)$/.exec(path) ?? [];
    const page = PAGES[path] ?? "none";
    const local = folder ? join(root, "dist", file) : join(root, "test", page);
    // Kept by the browser, as by any page that works offline.
    const common = {
      ...headers,
      "Cache-Control": "max-age=600",
      "Content-Type": TYPES[extname(local)] ?? "text/plain",
    };
    try {
      const body = more.get(path) ?? (await readFile(local));
      response.writeHead(200, common).end(body);
    } catch {
      response.writeHead(404, common).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}/` };
}
