// A training of a page, in it or in a worker of it, that goes on from an OPFS store or an IndexedDB.
import * as data from "/dist/data.js";
import * as main from "/dist/index.browser.js";
import * as metrics from "/dist/metrics.js";
import * as worker from "/dist/worker.js";
import { run } from "/run.js";

const stores = { opfs: main.opfsStore, idb: main.idbStore };

const hex = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) => b.toString(16).padStart(2, "0")).join(
    "",
  );

globalThis.training = async ({ entry, kind, name }) => {
  const api = entry === "worker" ? worker : main;
  const { checkpoint, weights, ...told } = await run({ main, data, metrics, api }, stores[kind](name));
  return { ...told, checkpoint: await hex(checkpoint), weights: await hex(weights) };
};
