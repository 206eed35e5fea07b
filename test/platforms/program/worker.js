// The same training by `resnet-wasm/worker`, where the model is in a worker of its own.
import { createModel, createTrainer, loadModel } from "resnet-wasm/worker";
import { hash, hashOf, input, modelOptions, network, samples, trainerOptions } from "./main.js";

export async function workerWork(options = {}) {
  const model = await createModel(network(), { ...modelOptions, ...options });
  const trainer = await createTrainer(model, trainerOptions());
  const { epochs } = await trainer.fit(samples(), { epochs: 3, batchSize: 64 });
  const { inputShape, ...loading } = modelOptions;
  const again = await loadModel(await model.save(), { ...loading, ...options });
  const found = {
    losses: epochs.map(({ loss }) => Number(loss.toFixed(3))),
    weights: hashOf(await model.stateDict()),
    loaded: hash((await again.predict(input())).data),
  };
  await Promise.all([model.dispose(), again.dispose()]);
  return found;
}
