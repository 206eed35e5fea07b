// Every block of code in README.md and docs/*.md runs, as it stands, on the built package.
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type BuildOptions, build, transform } from "esbuild";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cifarResNet, createModel, resnet18, writeSafetensors } from "../../../src/hosts/node/index.js";
import { writeModel } from "../../../src/onnx/read.js";
import { residualModel } from "../../support/onnx-build.js";
import { stateDictFile } from "../../support/pytorch-files.js";
import { type Block, blocks, pages, root } from "./blocks.js";

/** Inside the package, so that programs in it import the package by its name. */
let folder: string;

const CHROMIUM = "/usr/bin/chromium";
const all = blocks();
const programs = (runtime: string) =>
  all
    .filter(({ language, ...block }) => (language === "js" || language === "ts") && block.runtime === runtime)
    .map((block): [string, Block] => [block.place, block]);

beforeAll(async () => {
  if (!existsSync(join(root, "dist/index.node.js")))
    throw new Error("dist/ is missing: npm test builds it, npm run build does");
  mkdirSync(join(root, "build"), { recursive: true });
  folder = mkdtempSync(join(root, "build/docs-"));
  // The files that the pages speak of.
  const net = await createModel(resnet18(), { inputShape: [32, 32, 3] });
  writeFileSync(join(folder, "resnet18.safetensors"), await writeSafetensors(net.stateDict()));
  writeFileSync(join(folder, "net.onnx"), writeModel(residualModel([3, 32, 32], 2)));
  writeFileSync(join(folder, "resnet18.pth"), stateDictFile(net.stateDict()));
  const small = await createModel(cifarResNet(20, { classes: 10 }), { inputShape: [32, 32, 3] });
  writeFileSync(join(folder, "model.safetensors"), await small.save());
  const photo = join(root, "test/golden/images/smooth.jpg");
  for (const name of ["photo.jpg", "photos/cats/1.jpg", "photos/cats/2.jpg", "photos/dogs/1.jpg", "photos/dogs/2.jpg"])
    cpSync(photo, join(folder, name));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileName = ({ place, language }: Block) => `${place.replace(/\W/g, "-")}.m${language}`;

function write(block: Block): string {
  const path = join(folder, fileName(block));
  writeFileSync(path, block.code);
  return path;
}

const bundle = async (block: Block, options: BuildOptions): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [write(block)],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "error",
    ...options,
  });
  return outputFiles![0].text;
};

describe("the documentation", () => {
  it("has blocks that are run, and says of no other than these where", () => {
    expect(programs("node").length).toBeGreaterThan(5);
    const known = ["node", "browser", "edge", "platforms"]; // the last by npm run test:platforms
    expect(all.filter(({ runtime }) => !known.includes(runtime)).map(({ place }) => place)).toEqual([]);
    // Other languages are not run here: those of hosts of compiled modules, of which test/e2e/standalone runs Python's.
    const languages = ["", "js", "jsx", "ts", "json", "http"];
    const ofHosts = ["python", "c", "go", "rust", "java"];
    const isKnown = ({ place, language }: Block) =>
      languages.includes(language) || (/^docs\/(standalone|scale)\.md/.test(place) && ofHosts.includes(language));
    expect(all.filter((block) => !isKnown(block)).map(({ place }) => place)).toEqual([]);
  });

  it("links to files and headings that exist", () => {
    const headings = (page: string) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        title
          .toLowerCase()
          .replace(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      );
    const broken = pages().flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:)([^)\s]+)\)/g)]
        .map(([, target]) => target)
        .filter((target) => {
          const [path, anchor] = target.split("#");
          const file = path === "" ? page : join(page, "..", path);
          if (!existsSync(join(root, file))) return true;
          return anchor !== undefined && file.endsWith(".md") && !headings(file).includes(anchor);
        })
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("shows headers as servers send them", () => {
    for (const { place, code } of all.filter(({ language }) => language === "http"))
      for (const line of code.split("\n")) {
        const [, name, value] = /^([\w-]+): (.+)$/.exec(line) ?? [];
        expect(new Headers({ [name ?? "no header"]: value }).get(name), `${place}: ${line}`).toBe(value);
      }
  });

  it("names commands that exist", () => {
    const { scripts, bin, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const shell = all.filter(({ language }) => language === "");
    const texts = [
      ...pages().map((page) => [page, readFileSync(join(root, page), "utf8")]),
      ...shell.map((b) => [b.place, b.code]),
    ];
    const missing = texts.flatMap(([place, text]) => [
      ...[...text.matchAll(/\bnpm run ([\w:-]+)/g)]
        .filter(([, name]) => !(name in scripts))
        .map(([hit]) => `${place}: ${hit}`),
      ...[...text.matchAll(/\bnpm (start|test)\b/g)]
        .filter(([, name]) => !(name in scripts))
        .map(([hit]) => `${place}: ${hit}`),
      ...[...text.matchAll(/\bnpx ([\w-]+)/g)]
        .filter(([, name]) => !(name in bin || name in devDependencies))
        .map(([hit]) => `${place}: ${hit}`),
    ]);
    expect(missing).toEqual([]);
  });
});

describe("in Node", () => {
  it.each(programs("node"))("%s runs", async (_, block) => {
    // What types say is checked by strict.test.ts.
    const { code: plain } = await transform(block.code, { loader: "ts" });
    const path = write({ ...block, code: plain, language: "js" });
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
      execFile(process.execPath, [path], { cwd: folder, timeout: 55_000 }, (error, stdout, stderr) => {
        resolve({ code: error ? (error.code ?? error.message) : 0, output: stdout + stderr });
      });
    });
    expect(code, output).toBe(0);
  });
});

// The handler gets the requests that the edge's own server would hand it; weights are bytes, as its bundlers make them.
describe("at the edge", () => {
  it.each(programs("edge"))("%s answers requests", async (_, block) => {
    const loader = { ".safetensors": "binary" } as const;
    const out = join(folder, `${fileName(block)}.bundle.mjs`);
    writeFileSync(out, await bundle(block, { loader, platform: "node", target: "node20" }));
    const { default: handler } = (await import(out)) as { default: { fetch(request: Request): Promise<Response> } };
    const body = new Float32Array(32 * 32 * 3).fill(0.5);
    const ask = () => handler.fetch(new Request("http://localhost/", { method: "POST", body }));
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first.status).toBe(200);
    const answer = await first.json();
    expect(answer).toEqual(await second.json());
    expect(Object.keys(answer)).toContain("class");
  });
});

const browserless = existsSync(CHROMIUM) ? "" : " (skipped without Chromium)";
describe.skipIf(!existsSync(CHROMIUM))(`in a browser${browserless}`, () => {
  it.each(programs("browser"))("%s runs", async (_, block) => {
    const inPage = { ...block, code: `${block.code}\nglobalThis.finished = true;\n` };
    const script = await bundle(inPage, { platform: "browser", target: "es2022" });
    const workers = join(root, "dist/model-worker.js");
    const server = createServer(({ url }, response) => {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
      if (url === "/")
        return response.setHeader("Content-Type", "text/html").end('<script type="module" src="page.js"></script>');
      if (url === "/model.safetensors") return response.end(readFileSync(join(folder, "model.safetensors")));
      response.setHeader("Content-Type", "text/javascript");
      return response.end(url === "/page.js" ? script : readFileSync(workers));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
    const browser = await chromium.launch({ executablePath: CHROMIUM, args });
    try {
      const page = await browser.newPage();
      const failed = new Promise<never>((_, reject) => page.on("pageerror", reject));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await Promise.race([page.waitForFunction("globalThis.finished", null, { timeout: 50_000 }), failed]);
    } finally {
      await browser.close();
      server.closeAllConnections();
      server.close();
    }
  });
});
