// Where models and checkpoints are saved to and loaded from: stores, paths, addresses, answers of servers, blobs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  createModel,
  createTrainer,
  crossEntropy,
  DataError,
  type FileSource,
  FormatError,
  fileStore,
  Linear,
  loadModel,
  type Model,
  memoryStore,
  SGD,
  type Store,
} from "../../../src/hosts/node/index.js";
import { loadModel as loadPredictor } from "../../../src/hosts/node/inference.js";
import { createTrainer as createWorkerTrainer } from "../../../src/worker/trainer.js";
import { blobs } from "../../support/datasets.js";
import { weightBits } from "../../support/weights.js";
import { openModel, reopenModel } from "../worker/open.js";

const options = { inputShape: [4], relaxedSimd: false };
const training = () => ({ loss: crossEntropy(), optimizer: new SGD({ lr: 0.1, momentum: 0.9 }) });
const make = async (seed = 1) => {
  const model = await createModel(new Linear(4, 3), { ...options, seed });
  return { model, trainer: createTrainer(model, training()) };
};

let folder: string;
let model: Model;
let bytes: Uint8Array<ArrayBuffer>;
let server: Server;
let address: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sources-"));
  ({ model } = await make(3));
  bytes = await model.save();
  server = createServer(({ url }, response) => {
    if (url === "/model") response.end(bytes);
    else if (url === "/page") response.end("<!doctype html><title>Sign in</title>");
    else if (url === "/cut")
      response.writeHead(200, { "content-length": 10_000 }).write(bytes.subarray(0, 100), () => response.destroy());
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(join(folder, "model.safetensors"), bytes);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = () => join(folder, "model.safetensors");
const sources: [string, () => FileSource][] = [
  ["a Uint8Array", () => bytes],
  ["an ArrayBuffer", () => bytes.buffer],
  ["a Blob", () => new Blob([bytes])],
  ["a File", () => new File([bytes], "x.safetensors")],
  ["a Response", () => new Response(bytes)],
  ["the promise of one", () => fetch(`${address}/model`)],
  ["an address", () => `${address}/model`],
  ["a URL", () => new URL(`${address}/model`)],
  ["a data: URL", () => `data:application/octet-stream;base64,${Buffer.from(bytes).toString("base64")}`],
  ["a path", path],
  ["a file: URL", () => pathToFileURL(path())],
  ["a store", () => fileStore(folder)],
];

describe("a model", () => {
  it.each(sources)("is loaded from %s, by every entry", async (_, source) => {
    const x = Float32Array.of(1, 2, 3, 4);
    const expected = model.predict(x);
    const here = await loadModel(source(), { relaxedSimd: false });
    expect(weightBits(here)).toBe(weightBits(model));
    expect((await loadPredictor(source(), { relaxedSimd: false })).predict(x)).toEqual(expected);
    const there = await reopenModel(source());
    expect(await there.predict(x)).toEqual(expected);
    await there.dispose();
  });

  it.each<[string, () => FileSource, RegExp]>([
    ["a page", () => `${address}/page`, /expected the file, got a web page/],
    ["nothing", () => `${address}/none`, /expected 200, got 404/],
    ["half a file", () => `${address}/cut`, /expected a whole file, got/],
    ["nobody", () => "http://127.0.0.1:9/", /expected a whole file, got/],
    ["a path without a file", () => join(folder, "none"), /none expected a file, got none/],
    ["a folder", () => folder, /got a folder/],
    [
      "a store without it",
      () => memoryStore(),
      /store expected a file model.safetensors, got none of this name, but no files/,
    ],
  ])("is not made of %s", async (_, source, message) => {
    await expect(loadModel(source())).rejects.toThrow(DataError);
    await expect(loadModel(source())).rejects.toThrow(message);
  });

  it("is refused where it is no source", async () => {
    for (const source of [null, 5, [1], {}, new Float32Array(4)])
      await expect(loadModel(source as never)).rejects.toThrow(/expected a Uint8Array or ArrayBuffer/);
  });

  it("is saved to a store, a path or a file: URL, and gives the bytes as well", async () => {
    const store = memoryStore();
    expect(await model.save(store)).toEqual(bytes);
    expect(await model.save(store, { dtype: "F16", name: "half.safetensors" })).not.toEqual(bytes);
    expect((await store.list()).sort()).toEqual(["half.safetensors", "model.safetensors"]);
    const half = await loadModel(store, { name: "half.safetensors" });
    expect(half.outputShape).toEqual([3]);
    const to = join(folder, "saved.safetensors");
    await model.save(to);
    expect(new Uint8Array(readFileSync(to))).toEqual(bytes);
    await model.save(pathToFileURL(to), { dtype: "BF16" });
    expect(new Uint8Array(readFileSync(to))).toEqual(await model.save({ dtype: "BF16" }));
    await expect(model.save("https://example.org/x")).rejects.toThrow(/target expected a path, a file: URL or a store/);
    await expect(model.save(join(folder, "none/x"))).rejects.toThrow(DataError);
    const remote = await openModel(new Linear(4, 3), { ...options, seed: 3 });
    expect(await remote.save(store, { name: "remote" })).toEqual(bytes);
    expect(await store.read("remote")).toEqual(bytes);
    await remote.dispose();
  });
});

/** A trainer after some steps that saved to a store after each. */
async function saved(): Promise<{ store: Store; steps: Uint8Array[] }> {
  const store = memoryStore();
  const steps: Uint8Array[] = [];
  const { trainer } = await make();
  const onStep = async () => void steps.push(await trainer.save(store));
  await trainer.fit(blobs(24), { batchSize: 8, callbacks: [{ onStep }] });
  return { store, steps };
}

describe("a checkpoint", () => {
  it("is the newest of a store, by the number of steps", async () => {
    const { store, steps } = await saved();
    expect((await store.list()).sort()).toEqual([1, 2, 3].map((i) => `checkpoint-00000000${i}.safetensors`));
    await store.write("best.safetensors", steps[0]);
    const { trainer } = await make();
    await trainer.load(store);
    expect(trainer.stepCount).toBe(3);
    expect(await trainer.save()).toEqual(steps[2]);
    await trainer.load(store, { name: "best.safetensors" });
    expect(trainer.stepCount).toBe(1);
    await expect(trainer.load(memoryStore())).rejects.toThrow(/store expected a checkpoint, got none/);
    await trainer.load(new Blob([steps[1] as Uint8Array<ArrayBuffer>]));
    expect(trainer.stepCount).toBe(2);
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ["cut", (whole) => whole.slice(0, -20)],
    ["empty", () => new Uint8Array(0)],
    ["with a zeroed tail", (whole) => whole.slice().fill(0, whole.length - 16)],
    ["of one flipped bit", (whole) => whole.map((byte, i) => (i === whole.length - 5 ? byte ^ 1 : byte))],
    ["that is a model", () => bytes],
    ["that is a page", () => new TextEncoder().encode("<!doctype html><p>Not found</p>")],
  ])("is passed over with a word: one %s", async (_, change) => {
    const { store, steps } = await saved();
    await store.write("checkpoint-000000003.safetensors", change(steps[2]));
    const passed: string[] = [];
    const onPassedOver = (name: string, reason: string) => void passed.push(name, reason);
    const { trainer } = await make();
    await trainer.load(store, { onPassedOver });
    expect(trainer.stepCount).toBe(2);
    expect(passed).toEqual(["checkpoint-000000003.safetensors", expect.stringMatching(/expected .*, got /)]);
    const remote = await createWorkerTrainer(await openModel(new Linear(4, 3), { ...options, seed: 1 }), training());
    await remote.load(store, { onPassedOver });
    expect(remote.stepCount).toBe(2);
    expect(passed.length).toBe(4);
    await remote.model.dispose();
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await trainer.load(store);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^trainer.load: checkpoint-000000003.safetensors is passed over: /)],
    ]);
    warn.mockRestore();
  });

  it("of another training is refused, and not passed over", async () => {
    const { store } = await saved();
    const other = createTrainer((await make()).model, { ...training(), clipGradNorm: 1 });
    await expect(other.load(store)).rejects.toThrow(/clipGradNorm expected 1, got 0/);
    await other.load(store, { override: ["clipGradNorm"] });
    expect(other.stepCount).toBe(3);
  });

  it("is refused where none of a store is whole", async () => {
    const store = memoryStore();
    await store.write("checkpoint-000000001.safetensors", bytes);
    const { trainer } = await make();
    const refusal = trainer.load(store, { onPassedOver: () => {} });
    await expect(refusal).rejects.toThrow(FormatError);
    await expect(trainer.load(store, { onPassedOver: () => {} })).rejects.toThrow(
      /No other checkpoint of the store is whole/,
    );
  });

  it("is kept by a trainer in a worker as by one here", async () => {
    const store = memoryStore();
    const remote = await createWorkerTrainer(await openModel(new Linear(4, 3), { ...options, seed: 1 }), training());
    await remote.fit(blobs(24), { batchSize: 8 });
    const checkpoint = await remote.save(store);
    expect(await store.read("checkpoint-000000003.safetensors")).toEqual(checkpoint);
    await remote.save(store, { name: "mine" });
    expect(await store.read("mine")).toEqual(checkpoint);
    await expect(remote.save({} as never)).rejects.toThrow(/target expected a path, a file: URL or a store/);
    await expect(remote.save(store, { nam: "x" } as never)).rejects.toThrow(/Did you mean "name"/);
    await expect(remote.load(store, { overide: [] } as never)).rejects.toThrow(/Did you mean "override"/);
    await remote.model.dispose();
  });
});
