/** The file of the start-up task. */
import { mkdirSync, writeFileSync } from "node:fs";
import { networkData } from "../data.js";
import { createOurs } from "./library.js";

export const modelFile = new URL("../../build/bench/resnet20.safetensors", import.meta.url);

/** Resolves to what is in it. */
export async function writeModelFile(packageRoot = undefined) {
  const task = { net: "resnet20", batch: 1 };
  const data = networkData(task);
  const model = await createOurs(task, data, { threads: 1, relaxedSimd: false, packageRoot });
  mkdirSync(new URL(".", modelFile), { recursive: true });
  writeFileSync(modelFile, await model.save());
  return data;
}
