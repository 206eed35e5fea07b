// WebKitGTK by WebKitWebDriver, on a display of its own. Its pages share memory only when JavaScriptCore is told so.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fellBack } from "./expect.js";
import { browserRuntime } from "./pages.js";

const DRIVER = "/usr/bin/WebKitWebDriver";
const MINI_BROWSER = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One W3C WebDriver command. */
async function command(base, method, path, body) {
  const response = await fetch(base + path, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
  return value;
}

async function retry(attempt, seconds) {
  for (const end = Date.now() + seconds * 1000; ; await pause(100)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

const opener = (env) => async () => {
  // Xvfb takes a display that is free and writes its number.
  const screen = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [number] = await once(screen.stdout, "data");
  const display = `:${String(number).trim()}`;
  const port = await freePort();
  const driver = spawn(DRIVER, [`--port=${port}`], {
    stdio: "ignore",
    env: { ...process.env, DISPLAY: display, WEBKIT_DISABLE_COMPOSITING_MODE: "1", LIBGL_ALWAYS_SOFTWARE: "1", ...env },
  });
  const stop = () => {
    process.off("exit", stop);
    driver.kill();
    screen.kill();
  };
  process.on("exit", stop);
  const base = `http://127.0.0.1:${port}`;
  const options = { binary: MINI_BROWSER, args: ["--automation"] };
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options } };
  try {
    const session = await retry(() => command(base, "POST", "/session", { capabilities }), 20);
    const call = (method, path, body) => command(base, method, `/session/${session.sessionId}${path}`, body);
    await call("POST", "/timeouts", { script: 600_000, pageLoad: 60_000 });
    return {
      version: session.capabilities.browserVersion,
      async outcome(address) {
        await call("POST", "/url", { url: address });
        const script = `const done = arguments[0];
          const look = () => globalThis.outcome ? globalThis.outcome.then((value) => done({ value }), (error) => done({ error: String(error) })) : setTimeout(look, 20);
          look();`;
        const { value, error } = await call("POST", "/execute/async", { script, args: [] });
        if (error) throw new Error(error);
        return value;
      },
      async close() {
        await call("DELETE", "");
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
};

const SHARED = { JSC_useSharedArrayBuffer: "1" };

export const webkit = browserRuntime({
  name: "webkit",
  title: "WebKitGTK",
  relaxedSimd: false,
  installed: () => existsSync(DRIVER) && existsSync(MINI_BROWSER),
  open: opener(SHARED),
  openPlain: opener({}),
  openWithoutSimd: opener({ JSC_useWasmSIMD: "0" }),
  more: (visit) => ({
    "an isolated page as users have it: one thread": async () =>
      fellBack(
        await visit("isolated", "probe", "suite.probe(library)", { opener: opener({}) }),
        "this browser does not share it",
      ),
  }),
});
