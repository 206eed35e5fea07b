// Files of released versions: their models load and predict the same bits, their checkpoints go on to the same weights.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as lib from "../../../src/hosts/node/index.js";
import { blobs } from "../../support/datasets.js";
import { type Expected, FIT, nets, samples, trained, trainers } from "./cases.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const versions = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const plain = { threads: 1, relaxedSimd: false };

describe.each(versions.map(({ name }) => name))("files of %s", (version) => {
  const read = (name: string): Buffer => readFileSync(join(here, version, name));
  const { outputs, ends }: Expected = JSON.parse(read("expected.json").toString());

  it.each(Object.entries(outputs))("the model %s", async (name, bits) => {
    const file = gunzipSync(read(`${name}.safetensors.gz`));
    const model = await lib.loadModel(file, plain);
    const { data } = model.predict(samples(name, model.inputShape));
    expect(Buffer.from(data.buffer).toString("base64")).toBe(bits);
    expect(model.transform).toEqual({ name });
    // The same architecture, made and written today, is what the file says.
    const { metadata, tensors } = lib.readSafetensors(file);
    const written = JSON.parse(metadata["resnet-wasm"]);
    const [network] = nets[name](lib);
    expect(JSON.parse(JSON.stringify(network))).toEqual(written.network);
    const again = lib.readSafetensors(await model.save());
    expect(JSON.parse(again.metadata["resnet-wasm"])).toEqual(written);
    expect([...again.tensors.keys()]).toEqual([...tensors.keys()]);
    model.dispose();
  });

  it.each(Object.entries(ends))("the checkpoint %s", async (name, end) => {
    const options = trainers[name](lib);
    const model = await lib.createModel(trained(lib), { inputShape: [4], seed: 11, ...plain });
    const trainer = lib.createTrainer(model, options);
    await trainer.load(read(`${name}.checkpoint`));
    expect(trainer.stepCount).toBe(3);
    await trainer.fit(blobs(20), FIT);
    expect(trainer.stepCount).toBe(8);
    const hash = createHash("sha256");
    for (const { data } of model.stateDict().values()) hash.update(new Uint8Array(data.buffer));
    if (options.ema) for (const { data } of trainer.emaStateDict().values()) hash.update(new Uint8Array(data.buffer));
    expect(hash.digest("hex")).toBe(end);
    model.dispose();
  });
});
