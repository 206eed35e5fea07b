// Writes the files of a released version, with that version:
//   npx esbuild test/golden/compat/generate.ts --bundle --platform=node --format=esm --outfile=build/compat.mjs
//   node build/compat.mjs <folder of the unpacked package> test/golden/compat/<version>
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { blobs } from "../../support/datasets.js";
import { type Expected, FIT, type Lib, nets, patterned, samples, trained, trainers } from "./cases.js";

const [folder, out] = process.argv.slice(2);
const lib: Lib = await import(pathToFileURL(resolve(folder, "dist/index.node.js")).href);
const expected: Expected = { outputs: {}, ends: {} };

for (const [name, make] of Object.entries(nets)) {
  const [network, inputShape] = make(lib);
  const model = await lib.createModel(network, { inputShape, threads: 1, relaxedSimd: false });
  model.loadStateDict(patterned({ state: model.stateDict(), name }));
  model.transform = { name };
  const { data } = model.predict(samples(name, inputShape));
  expected.outputs[name] = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
  writeFileSync(join(out, `${name}.safetensors.gz`), gzipSync(await model.save(), { level: 9 }));
}

/** Saved in the middle of an epoch; the fit goes on to its end. */
for (const [name, options] of Object.entries(trainers)) {
  const model = await lib.createModel(trained(lib), { inputShape: [4], seed: 11, threads: 1, relaxedSimd: false });
  const trainer = lib.createTrainer(model, options(lib));
  const save = async () => {
    if (trainer.stepCount === 3) writeFileSync(join(out, `${name}.checkpoint`), await trainer.save());
  };
  await trainer.fit(blobs(20), { ...FIT, callbacks: [{ onStep: save }] });
  const hash = createHash("sha256");
  for (const { data } of model.stateDict().values()) hash.update(new Uint8Array(data.buffer));
  if (options(lib).ema)
    for (const { data } of trainer.emaStateDict().values()) hash.update(new Uint8Array(data.buffer));
  expected.ends[name] = hash.digest("hex");
}

writeFileSync(join(out, "expected.json"), `${JSON.stringify(expected, null, 2)}\n`);
