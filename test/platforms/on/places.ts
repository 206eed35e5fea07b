/** Places without a bundler's page: import maps, shared and service workers, extensions, Electron. */
import { chromium, type Worker } from "playwright-core";
import { ASKED, guide, manifest } from "../guides.js";
import { executablePath, hosting, inTab, noBrowser, visit } from "../page.js";
import type { Outcome, Platform } from "../platform.js";
import { lastLine, run } from "../process.js";
import type { Project } from "../project.js";
import { page, START } from "../texts.js";

const chromiumVersion = async ({ folder }: Project): Promise<string> => {
  return /[\d.]+\d/.exec(await run(executablePath, ["--version"], { cwd: folder }))?.[0] ?? "";
};

const esbuild = async ({ bin }: Project, file: string, format: "esm" | "iife"): Promise<void> => {
  await bin("esbuild", [file, "--bundle", `--format=${format}`, "--outdir=site", "--log-level=error"]);
};

const importMap: Platform = {
  name: "importmap",
  title: "Import map, no bundler",
  ci: true,
  missing: noBrowser,
  version: chromiumVersion,
  files: { "page.js": START("./program/outcome.js") },
  modes: {
    page: async (project) => {
      const map = await project.bin("resnet-wasm", ["importmap"]);
      project.write({ "index.html": page("./page.js").replace("<body>", `${map}<body>`) });
      return hosting(project.folder, visit);
    },
  },
};

/** Runs the program where there are no workers for models, which it says by a typed error. */
const ALONE = `import { outcome } from "./program/outcome.js";
import { train } from "./background.js";

globalThis.outcome = async () => ({ ...(await outcome()), guide: await train(${JSON.stringify(ASKED)}) });
`;
const asked = (worker: Worker): Promise<Outcome> =>
  worker.evaluate(() => (globalThis as unknown as { outcome(): Promise<Outcome> }).outcome());

const serviceWorker: Platform = {
  name: "service-worker",
  title: "Service worker",
  ci: true,
  packages: ["esbuild@0.28"],
  missing: noBrowser,
  version: chromiumVersion,
  noWorkers: "service workers start no workers",
  files: {
    "alone.js": ALONE,
    "background.js": guide("background.js"),
    "site/index.html": "<!doctype html><title>app</title>",
  },
  modes: {
    "one file": async (project) => {
      await esbuild(project, "alone.js", "iife");
      return hosting(project.path("site"), (address) =>
        inTab(async (tab) => {
          await tab.goto(address);
          const started = tab.context().waitForEvent("serviceworker");
          await tab.evaluate(() => navigator.serviceWorker.register("alone.js").then(() => {}));
          return asked(await started);
        }),
      );
    },
  },
};

const extension: Platform = {
  name: "extension",
  title: "Extension (MV3), background",
  ci: true,
  packages: ["esbuild@0.28"],
  missing: noBrowser,
  version: chromiumVersion,
  noWorkers: "backgrounds of extensions are service workers",
  files: { "program.js": ALONE, "background.js": guide("background.js"), "site/manifest.json": manifest() },
  modes: {
    "one file": async (project) => {
      await project.bin("esbuild", [
        "program.js",
        "--bundle",
        "--format=esm",
        "--outfile=site/background.js",
        "--log-level=error",
      ]);
      const folder = project.path("site");
      const context = await chromium.launchPersistentContext("", {
        executablePath,
        headless: false,
        args: [
          ...["--no-sandbox", "--disable-gpu", "--no-first-run", "--headless=new"],
          "--disable-features=DisableLoadExtensionCommandLineSwitch",
          `--disable-extensions-except=${folder}`,
          `--load-extension=${folder}`,
        ],
      });
      try {
        const [there] = context.serviceWorkers();
        return await asked(there ?? (await context.waitForEvent("serviceworker", { timeout: 30_000 })));
      } finally {
        await context.close();
      }
    },
  },
};

const sharedWorker: Platform = {
  name: "shared-worker",
  title: "SharedWorker",
  ci: true,
  packages: ["esbuild@0.28"],
  missing: noBrowser,
  version: chromiumVersion,
  noWorkers: "Chromium's SharedWorkers start no workers",
  files: {
    "shared.js": `import { outcome } from "./program/outcome.js";

addEventListener("connect", async ({ ports: [port] }) => port.postMessage(await outcome()));
`,
    "site/page.js": `const shared = new SharedWorker("./shared.js", { type: "module" });
globalThis.outcome = new Promise((resolve, reject) => {
  shared.onerror = ({ message }) => reject(new Error(message));
  shared.port.onmessage = ({ data }) => resolve(data);
});
`,
    "site/index.html": page("./page.js"),
  },
  modes: {
    "in parts": async (project) => {
      const args = ["--bundle", "--splitting", "--format=esm", "--outdir=site", "--log-level=error"];
      await project.bin("esbuild", ["shared.js", ...args]);
      return hosting(project.path("site"), visit);
    },
  },
};

/** Its binary, where there is one. */
const ELECTRON = process.env.RESNET_WASM_ELECTRON;

const electron: Platform = {
  name: "electron",
  title: "Electron, main process",
  absent: () => (ELECTRON ? undefined : "its binary does not come from npm; RESNET_WASM_ELECTRON names one"),
  version: async ({ folder }) => (await run(ELECTRON!, ["--version"], { cwd: folder })).trim().replace(/^v/, ""),
  files: {
    "electron/main.js": guide("electron/main.js"),
    "main.js": `import { app } from "electron";
import "./electron/main.js";
import { serverOutcome } from "./program/server.js";

app.whenReady().then(async () => {
  console.log(JSON.stringify(await serverOutcome()));
  app.quit();
});
`,
  },
  modes: {
    "as it is": async ({ folder }) =>
      lastLine(await run(ELECTRON!, ["--no-sandbox", "--headless", "main.js"], { cwd: folder })),
  },
};

export const places = [importMap, serviceWorker, extension, sharedWorker, electron];
