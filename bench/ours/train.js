import { networkData } from "../data.js";
import { createOurs, library } from "./library.js";

export async function create(task, options) {
  const data = networkData(task);
  const model = await createOurs(task, data, options);
  const { SGD, createTrainer, crossEntropy } = await library(options.packageRoot);
  const optimizer = new SGD({ lr: task.lr, momentum: task.momentum });
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer });
  return {
    version: model.info.why,
    run: () => trainer.step(data.x, data.labels).loss,
    dispose: () => model.dispose(),
  };
}
