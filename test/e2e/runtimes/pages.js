// Pages for browsers: a server of the built files under the headers of each case, and what is expected in pages.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { check, fellBack, killedWorker, refused, threaded } from "./expect.js";
import { conformanceOf, root, writeProgram } from "./programs.js";
import { findings, sameBits } from "./standalone.js";

const KIND = "browser";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const policy = (script, more = "") => ({
  "Content-Security-Policy": `default-src 'self'; script-src 'self'${script}${more}`,
});

/** Headers by the first part of the path. */
const HEADERS = {
  isolated: ISOLATED,
  plain: {},
  // Allows workers from files only.
  strict: { ...ISOLATED, ...policy(" 'wasm-unsafe-eval'") },
  // Allows no WebAssembly.
  forbidden: { ...ISOLATED, ...policy("") },
};

/** Serves /<kind>/<path in the project>; /<kind>/page/<program> is a page with that program. */
export async function servePages() {
  const server = createServer(async ({ url }, response) => {
    const [, kind, ...rest] = new URL(url, "http://localhost").pathname.split("/");
    const path = rest.join("/");
    const headers = { ...HEADERS[kind], "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store" };
    if (rest[0] === "page") {
      const html = `<!doctype html><title>${rest[1]}</title><script type="module" src="/${kind}/build/runtimes/${rest[1]}.js"></script>`;
      response.writeHead(200, { ...headers, "Content-Type": "text/html" }).end(html);
      return;
    }
    try {
      if (!/^(dist|build\/runtimes)\//.test(path) || path.includes("..")) throw new Error("outside");
      const body = await readFile(join(root, path));
      response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(path)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: (kind, name) => `http://127.0.0.1:${server.address().port}/${kind}/page/${name}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * The model lives in a worker, and its worker thread is started, and killed, by the page: only a third party can stop a
 * thread in the middle of a step, because the step keeps the thread that runs it.
 */
const KEEPER = `
const keeper = new Worker(address, { type: "module" });
const outcome = new Promise((resolve, reject) => {
  let thread;
  keeper.onerror = ({ message }) => reject(new Error(message));
  keeper.onmessage = ({ data }) => {
    if (data.outcome) resolve(data.outcome);
    if (data.kill) thread.terminate();
    if (!data.start) return;
    thread = new Worker("/isolated/dist/thread.js");
    thread.onmessage = ({ data }) => keeper.postMessage(data);
    thread.postMessage(data.start);
  };
});`;
const KEPT = `
const createWorker = () => {
  const thread = { postMessage: (start) => postMessage({ start }), terminate: () => postMessage({ kill: true }) };
  addEventListener("message", (event) => thread.onmessage(event));
  return thread;
};
const kill = () => postMessage({ kill: true });`;

/**
 * A browser as a runtime. `open` starts it and resolves to { version, outcome(address), close() }, where `outcome` loads a
 * page and resolves to what its program found out; `openPlain` starts one as users have it, `openWithoutSimd` one whose
 * engine lacks SIMD. `more` gives further failure cases.
 */
export function browserRuntime({ name, title, relaxedSimd, installed, open, openPlain = open, openWithoutSimd, more }) {
  const environment = { name, threads: 2, relaxedSimd };
  const visit = async (kind, part, expression, { before, opener = open } = {}) => {
    writeProgram(`${name}-${part}`, KIND, expression, { before });
    const pages = await servePages();
    try {
      const browser = await opener();
      try {
        return await browser.outcome(pages.address(kind, `${name}-${part}`));
      } finally {
        await browser.close();
      }
    } finally {
      pages.close();
    }
  };
  return {
    name,
    title,
    entry: `index.${KIND}.js`,
    installed,
    open,
    version: async () => {
      const browser = await open();
      await browser.close();
      return browser.version;
    },
    conformance: () => visit("isolated", "conformance", conformanceOf(environment)),
    faults: {
      "compiled modules give the bits of predict": async () => {
        const before = 'import { answersOf } from "./standalone/host.js";';
        const address = `\`/strict/build/runtimes/standalone/\${name}.wasm\``;
        const exportsOf = `(await WebAssembly.instantiateStreaming(fetch(${address}))).instance.exports`;
        sameBits(await visit("strict", "standalone", `(async () => ${findings(exportsOf)})()`, { before }));
      },
      "a page compiles its own model": async () => {
        const before = `import { compileModel } from "../../dist/standalone.js";
import { answersOf, inputOf } from "./standalone/host.js";
const compiled = async () => {
  const network = library.cifarResNet(8);
  const model = await library.createModel(network, { inputShape: [32, 32, 3], threads: 1, relaxedSimd: false });
  const { instance } = await WebAssembly.instantiate(compileModel(model));
  const { data } = model.predict({ data: inputOf(3072), shape: [1, 32, 32, 3] });
  return { whole: answersOf(instance.exports).whole, expected: [...new Uint32Array(data.buffer)] };
};`;
        const { whole, expected } = await visit("isolated", "compile", "compiled()", { before });
        check(expected.length === 10 && `${whole}` === `${expected}`, `expected ${expected}, got ${whole}`);
      },
      "a page without isolation: one thread": async () =>
        fellBack(
          await visit("plain", "probe", "suite.probe(library)", { opener: openPlain }),
          "not cross-origin isolated",
        ),
      "a policy without wasm-unsafe-eval: a typed error": async () =>
        refused(await visit("forbidden", "probe", "suite.probe(library)"), "a runtime that compiles the kernels"),
      "a policy that blocks the worker: one thread": async () =>
        fellBack(await visit("strict", "probe", "suite.probe(library)"), "no worker started"),
      "the same policy with a worker file: two threads": async () =>
        threaded(await visit("strict", "file", 'suite.probe(library, { workerUrl: "/strict/dist/thread.js" })')),
      "a worker killed mid-step ends in a typed error": async () => {
        const kept = "suite.killWorker(library, kill, { createWorker })";
        const after = "postMessage({ outcome: await globalThis.outcome });";
        writeProgram(`${name}-kept`, KIND, kept, { before: KEPT, after });
        const before = `const address = "/isolated/build/runtimes/${name}-kept.js";${KEEPER}`;
        killedWorker(await visit("isolated", "kill", "outcome", { before }));
      },
      ...(openWithoutSimd && {
        "without SIMD: a typed error": async () =>
          refused(await visit("isolated", "no-simd", "suite.probe(library)", { opener: openWithoutSimd }), "SIMD"),
      }),
      ...more?.(visit),
    },
  };
}
