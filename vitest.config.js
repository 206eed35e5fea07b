import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Four lanes, by what must be there before: nothing (unit), the kernels of `npm run build:kernels` (kernels, golden), or the
// whole package in dist/ (e2e). `speed` compares timings and runs apart, on a machine that is idle.
const LANES = {
  unit: ["test/*.test.ts", "test/unit/**/*.test.ts"],
  kernels: ["test/kernels/**/*.test.ts"],
  golden: ["test/golden/**/*.test.ts"],
  e2e: ["test/e2e/**/*.test.ts"],
  speed: ["test/speed/**/*.test.ts"],
};

export default defineConfig({
  resolve: {
    // What package.json calls so is built; tests take the source.
    alias: { "#file-system": fileURLToPath(new URL("src/hosts/node/file-system.ts", import.meta.url)) },
  },
  test: {
    // Worker threads and WASM memories of one file end with its process.
    pool: "forks",
    testTimeout: 60_000,
    // npm installs the package, and bundlers start, in hooks.
    hookTimeout: 240_000,
    projects: Object.entries(LANES).map(([name, include]) => ({ extends: true, test: { name, include } })),
  },
});
