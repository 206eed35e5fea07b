import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

// Lanes, by what must be there before: nothing (unit, types), the kernels of `npm run build:kernels` (kernels, golden), or
// the whole package in dist/ (e2e), or the site in build/site too (site). `speed` compares timings and runs apart, on a machine
// that is idle.
const LANES = {
  unit: ["test/*.test.ts", "test/unit/**/*.test.ts"],
  kernels: ["test/kernels/**/*.test.ts"],
  golden: ["test/golden/**/*.test.ts"],
  e2e: ["test/e2e/**/*.test.ts"],
  site: ["test/e2e/site/**/*.test.ts"],
  speed: ["test/speed/**/*.test.ts"],
};
/** Lanes within a lane's folder. */
const EXCLUDED = { e2e: ["test/e2e/site/**"] };
/** Modules of the site import the package by its name; site/tsconfig.json says where its source is. */
const RESOLVED = { site: { tsconfigPaths: true } };

/** `npm run typecheck` tells of errors in src/, and of kernels that are not built. */
const types = {
  name: "types",
  include: [],
  typecheck: { enabled: true, only: true, include: ["test/types/**/*.test-d.ts"], ignoreSourceErrors: true },
};

export default defineConfig({
  resolve: {
    // What package.json calls so is built; tests take the source.
    alias: { "resnet-wasm/file-system": fileURLToPath(new URL("src/hosts/node/file-system.ts", import.meta.url)) },
  },
  test: {
    // Worker threads and WASM memories of one file end with its process.
    pool: "forks",
    testTimeout: 60_000,
    // npm installs the package, and bundlers start, in hooks.
    hookTimeout: 240_000,
    // Watching: new kernels concern every test that calls them, and no import tells so.
    forceRerunTriggers: ["**/vitest.config.js", "**/build/kernels/digest"],
    projects: [
      ...Object.entries(LANES).map(([name, include]) => ({
        extends: true,
        resolve: RESOLVED[name] ?? {},
        test: { name, include, exclude: [...configDefaults.exclude, ...(EXCLUDED[name] ?? [])] },
      })),
      { extends: true, test: types },
    ],
  },
});
