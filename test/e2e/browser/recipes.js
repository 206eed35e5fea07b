// Recipes in a page, in it or in a worker of it.
import * as data from "/dist/data.js";
import * as main from "/dist/index.browser.js";
import * as metrics from "/dist/metrics.js";
import * as recipes from "/dist/recipes.browser.js";
import * as worker from "/dist/worker.js";
import { run } from "/recipes-run.js";

const hex = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) => b.toString(16).padStart(2, "0")).join(
    "",
  );

globalThis.recipes = async (entry) => {
  const { bytes, told } = await run({ main, data, metrics, recipes, api: entry === "worker" ? worker : main });
  return { ...told, hashes: await Promise.all(bytes.map(hex)) };
};
