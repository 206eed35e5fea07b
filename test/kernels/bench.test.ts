// The bench is run by hand, and what it builds of the sources breaks when they change: here it is built.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { bundlePage } from "../../bench/chromium.js";
import { compileMicroKernel } from "../../bench/micro-kernel/compile.js";
import { COLUMNS, microKernel, ROWS } from "../../bench/micro-kernel/kernel.js";
import { bundleKernels } from "../../bench/ours/bundle.js";
import { variants } from "../support/kernels/harness.js";

describe("the bench", () => {
  it.each(["simd", "relaxed"] as const)("has the bare micro-kernel, %s", async (variant) => {
    const wasm = await compileMicroKernel(variant);
    expect(wasm).toBeInstanceOf(Uint8Array);
    expect(COLUMNS * ROWS[variant]).toBeGreaterThan(32);
    if (variants.includes(variant)) (await microKernel(wasm, variant, 1e5))();
  });

  it("has the kernels' records", async () => {
    const { outputFiles } = await bundleKernels("kernels.js", { write: false, logLevel: "silent" });
    const url = `data:text/javascript,${encodeURIComponent(outputFiles?.[0].text ?? "")}`;
    const { gemmScratch, packedSize } = await import(/* @vite-ignore */ url);
    expect(gemmScratch(6, 16)).toBeGreaterThan(0);
    expect(packedSize(16, 8)).toBe(16 * 8);
  });

  it("has a page with every contender", async () => {
    await bundleKernels(fileURLToPath(new URL("../../build/bench/kernels.js", import.meta.url))); // ours imports it
    // The contenders themselves are installed by `npm run bench`.
    const { errors, outputFiles } = await bundlePage("page", {
      write: false,
      logLevel: "silent",
      packages: "external",
    });
    expect(errors).toEqual([]);
    const paths = (outputFiles ?? []).map(({ path }) => path);
    expect(paths.some((path) => path.endsWith("browser.js"))).toBe(true);
    expect(paths.length).toBeGreaterThan(10);
  });
});
