/**
 * Serves the project's folder to the bench's page, isolated, so that it may have threads and a fine clock; and ../shared as
 * /shared.
 */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const TYPES = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".html": "text/html",
};
const PAGE =
  '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/build/bench/page/browser.js"></script>';

/** What a bundler would take for a browser. */
function libraryPath(entry) {
  const conditions = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).exports[entry];
  return (conditions.browser?.default ?? conditions.browser ?? conditions.default).replace(/^\./, "");
}
/** Where a page finds the library's entries. */
export const ENTRIES = { "/library.js": ".", "/onnx.js": "./onnx" };

export function serve() {
  const server = createServer(async ({ url }, response) => {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
    if (ENTRIES[path]) return response.writeHead(302, { Location: libraryPath(ENTRIES[path]) }).end();
    try {
      const folder = path.startsWith("/shared/") ? join(root, "..") : root;
      const body = path === "/" ? PAGE : await readFile(join(folder, path));
      response.writeHead(200, {
        "Content-Type": TYPES[path === "/" ? ".html" : extname(path)] ?? "application/octet-stream",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
