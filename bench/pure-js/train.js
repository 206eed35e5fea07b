import { networkData } from "../data.js";
import { createPureJs } from "./fc.js";

export function create(task) {
  const data = networkData(task);
  const net = createPureJs(task, data);
  return { version: "plain JavaScript", run: () => net.step(data.x, data.labels) };
}
