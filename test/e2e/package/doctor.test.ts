// The command and the function `doctor`, as users get them: the built package, in processes and a browser of their own.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { DoctorReport } from "../../../src/tools/doctor.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = join(root, "dist/bin.js");

beforeAll(() => {
  if (!existsSync(bin)) throw new Error("dist/ is missing: npm test builds it, npm run build does");
});

function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, timeout: 55_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code as unknown as number) : 0, stdout, stderr });
    });
  });
}

/** What a program that imports the package by its name prints, as JSON. */
async function evaluate<T>(program: string): Promise<T> {
  const { code, stdout, stderr } = await run(["--input-type=module", "--eval", program]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe("npx resnet-wasm doctor", () => {
  it("tells the path that createModel takes", async () => {
    const { code, stdout, stderr } = await run([bin, "doctor", "--no-reading", "--json"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const report: DoctorReport = JSON.parse(stdout);
    const infos = await evaluate(`
      import { createModel, Linear } from "resnet-wasm";
      const model = (n) => createModel(new Linear(n, n), { inputShape: [n] });
      console.log(JSON.stringify([(await model(1024)).info, (await model(16)).info]));`);
    expect([report.large, report.small]).toEqual(infos);
    expect(report).toMatchObject({ simd: true, crossOriginIsolated: null, readings: [], problems: [] });
    expect(report.runtime).toContain(`Node ${process.versions.node}`);
    expect(report.cores).toBeGreaterThan(0);
    expect(report.threads.usable).toBe(true);
  });

  it("prints the same for people", async () => {
    const { code, stdout } = await run([bin, "doctor", "--no-reading"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^resnet-wasm \d+\.\d+\.\d+ on Node /);
    for (const line of [/^SIMD +yes$/m, /^threads +yes$/m, /^cores +\d+$/m, /^large networks +.*SIMD.*; /m])
      expect(stdout).toMatch(line);
    expect(stdout).not.toContain("GFLOPS");
  });

  it("helps, and refuses what it does not know", async () => {
    const help = await run([bin, "--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(/^Usage: resnet-wasm <command>/);
    for (const args of [[], ["nurse"], ["doctor", "--jsn"], ["doctor", "now"]]) {
      const { code, stdout, stderr } = await run([bin, ...args]);
      expect([code, stdout], args.join(" ")).toEqual([2, ""]);
      expect(stderr).toMatch(/^resnet-wasm: .* expected .*, got .*\nSee resnet-wasm( doctor)? --help$/m);
    }
  });

  it("says no, with the reason, where models do not run", async () => {
    // The engine's answer to every feature probe is no.
    const stub = "data:text/javascript,WebAssembly.validate = () => false;";
    const { code, stdout } = await run(["--import", stub, bin, "doctor"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^SIMD +no$/m);
    expect(stdout).toMatch(/^problem +createModel: WebAssembly expected 128-bit SIMD/m);
    expect(stdout).not.toContain("GFLOPS");
  });
});

describe("doctor", () => {
  it("measures each variant with each number of threads, within the time that it is given", async () => {
    const { report, ms } = await evaluate<{ report: DoctorReport; ms: number }>(`
      import { doctor } from "resnet-wasm/doctor";
      const start = performance.now();
      const report = await doctor({ maxMs: 400 });
      console.log(JSON.stringify({ report, ms: performance.now() - start }));`);
    expect(report.problems).toEqual([]);
    const variants = report.large!.relaxedSimd ? ["simd", "relaxed"] : ["simd"];
    expect(report.readings.map(({ variant }) => variant).filter((v, i, all) => all.indexOf(v) === i)).toEqual(variants);
    const counts = report.readings.filter(({ variant }) => variant === "simd").map(({ threads }) => threads);
    expect(counts[0]).toBe(1);
    expect(counts.at(-1)).toBe(report.cores);
    for (const { gemm, conv } of report.readings) {
      expect(gemm).toBeGreaterThan(0.1);
      expect(conv).toBeGreaterThan(0.1);
      expect(Math.max(gemm, conv)).toBeLessThan(1e5);
    }
    // Start-up and a busy machine take their share.
    expect(ms).toBeLessThan(10_000);
  });

  it("refuses options that it does not know by the package's own error", async () => {
    const caught = await evaluate(`
      import { ArgumentError } from "resnet-wasm";
      import { doctor } from "resnet-wasm/doctor";
      const messages = [];
      for (const options of [{ read: true }, { reading: 1 }, { maxMs: -1 }, { maxMs: NaN }])
        await doctor(options).catch((error) => messages.push([error instanceof ArgumentError, error.message]));
      console.log(JSON.stringify(messages));`);
    expect(caught).toEqual([
      [true, "doctor: option expected reading, maxMs, got {read}"],
      [true, "doctor: reading expected true or false, got 1"],
      [true, "doctor: maxMs expected a number of at least 0, got -1"],
      [true, "doctor: maxMs expected a number of at least 0, got NaN"],
    ]);
  });

  const browser = "/usr/bin/chromium";
  it.skipIf(!existsSync(browser))(
    "tells pages with and without isolation apart (skipped without Chromium)",
    async () => {
      const { outputFiles } = await build({
        stdin: {
          contents: `import { doctor, formatReport } from "resnet-wasm/doctor";
            globalThis.outcome = doctor({ maxMs: 200 }).then((report) => [report, formatReport(report)]);`,
          resolveDir: root,
        },
        bundle: true,
        format: "esm",
        platform: "browser",
        logLevel: "error",
        write: false,
      });
      const server = createServer(({ url }, response) => {
        if (url === "/isolated") {
          response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
          response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
        }
        if (url === "/page.js") response.setHeader("Content-Type", "text/javascript").end(outputFiles[0].text);
        else response.setHeader("Content-Type", "text/html").end('<script type="module" src="/page.js"></script>');
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
      const chrome = await chromium.launch({ executablePath: browser, args });
      try {
        const visit = async (path: string): Promise<[DoctorReport, string]> => {
          const page = await chrome.newPage();
          await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`);
          await page.waitForFunction("globalThis.outcome");
          return page.evaluate("globalThis.outcome");
        };
        const [isolated, text] = await visit("isolated");
        expect(isolated).toMatchObject({ simd: true, relaxedSimd: true, crossOriginIsolated: true, problems: [] });
        expect(isolated.threads.usable).toBe(true);
        expect(isolated.runtime).toContain("Chrome/");
        expect(isolated.readings.length).toBeGreaterThan(1);
        expect(text).toMatch(/^isolated page +yes$/m);
        const [plain] = await visit("plain");
        expect(plain).toMatchObject({ crossOriginIsolated: false, problems: [] });
        expect(plain.threads.usable).toBe(false);
        expect(plain.threads.why).toContain("not cross-origin isolated");
        expect(plain.readings.every(({ threads }) => threads === 1)).toBe(true);
      } finally {
        await chrome.close();
        server.closeAllConnections();
        server.close();
      }
    },
  );
});
