/** The start-up task's network as a module of its own, with the bits that are the same everywhere. */
import { readFileSync, writeFileSync } from "node:fs";
import { entryFile } from "../ours/library.js";
import { modelFile } from "../ours/model-file.js";

/** Of the model file, which is there. */
export async function writeCompiledFile(path) {
  const [{ loadModel }, { compileModel }] = await Promise.all([
    import(await entryFile(".")),
    import(new URL("../../dist/standalone.js", import.meta.url)),
  ]);
  const model = await loadModel(readFileSync(modelFile), { threads: 1 });
  writeFileSync(path, compileModel(model));
  model.dispose();
}
