import { networkData } from "../data.js";
import { createOurs } from "./library.js";

export async function create(task, options) {
  const data = networkData(task);
  const model = await createOurs(task, data, options);
  return {
    version: model.info.why,
    run: () => model.predict(data.x),
    output: ({ data }) => data,
    dispose: () => model.dispose(),
  };
}
