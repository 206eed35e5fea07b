// @ts-check
// Serves the example: npm run example:browser, then open the printed address. The two headers make the page cross-origin
// isolated, so that the networks may use several threads; without them they use one each.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const page = fileURLToPath(new URL(".", import.meta.url));
const library = fileURLToPath(new URL("../../dist/", import.meta.url));

/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };

/**
 * @param {number} port 0 takes a free one
 * @returns {Promise<import("node:http").Server>}
 */
export function serve(port) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = normalize(decodeURIComponent(pathname)).replace(/\/$/, "/index.html");
    const file = path.startsWith("/dist/") ? join(library, path.slice("/dist/".length)) : join(page, path);
    const type = TYPES[extname(file)];
    const found = type && (await stat(file).catch(() => null))?.isFile();
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Content-Type", found ? `${type}; charset=utf-8` : "text/plain");
    response.statusCode = found ? 200 : 404;
    if (found) createReadStream(file).pipe(response);
    else response.end("not found");
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const server = await serve(Number(process.argv[2] ?? 8080));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`http://localhost:${address.port}/`);
}
