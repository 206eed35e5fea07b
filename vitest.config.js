import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Worker threads and WASM memories of one file end with its process.
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
