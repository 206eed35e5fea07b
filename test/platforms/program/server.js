// What servers and programs have beside pages: folders, and threads that read ahead.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createModel, createTrainer, crossEntropy, Flatten, Linear, Sequential, SGD } from "resnet-wasm";
import { loadImageFolder, prefetch } from "resnet-wasm/data";
import { PICTURE } from "./files.js";
import { hashOf } from "./main.js";
import { outcome, told } from "./outcome.js";

export async function serverWork() {
  const folder = await mkdtemp(join(tmpdir(), "resnet-wasm-server-"));
  try {
    for (const [name, count] of Object.entries({ some: 3, others: 2 })) {
      await mkdir(join(folder, name));
      for (let i = 0; i < count; i++) await writeFile(join(folder, name, `${i}.png`), PICTURE);
    }
    const transform = { resize: 2, crop: 2, mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.3] };
    const pictures = await loadImageFolder(folder, { transform });
    const weights = async (dataset) => {
      const network = new Sequential(new Flatten(), new Linear(12, 2));
      const model = await createModel(network, { inputShape: [2, 2, 3], seed: 1, threads: 1, relaxedSimd: false });
      const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
      await trainer.fit(dataset, { epochs: 2, batchSize: 2 });
      return hashOf(model.stateDict());
    };
    return { pictures: pictures.length, here: await weights(pictures), ahead: await weights(prefetch(pictures)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** With what pages have, too. */
export const serverOutcome = async () => ({ ...(await outcome()), server: await told(serverWork) });
