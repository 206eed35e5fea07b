/** Networks in eight bits: the same file and the same outputs in every runtime, with and without relaxed SIMD. */
import { uniform } from "../../../golden/generator.js";
import { type Cases, equal, hashOf } from "./suite.js";

/** SHA-256 of the outputs; the file's is that of its bytes as they are. */
const OUTPUTS = "7c1e3a7bb464e7a6cb56da2482ea96fcac5862f3da2c6c8b3eec884f899ee623";
const FILE = "2a192d75a56e73c53905e5bb658b1a0c4cf9efc0004d5d682da7b98cf06be64f";

export const eightBits: Cases = {
  "a network in eight bits has the same file and the same outputs everywhere": async ({ library, eight, create }) => {
    if (!eight) return; // a program without that entry
    const { AdaptiveAvgPool2d, BasicBlock, Conv2d, Flatten, Linear, MaxPool2d, ReLU6, Sequential } = library;
    const network = new Sequential(
      new Conv2d(3, 12, { kernelSize: 3, padding: 1 }),
      new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
      new BasicBlock(12, 12),
      new BasicBlock(12, 20, { stride: 2 }),
      new Conv2d(20, 20, { kernelSize: 3, groups: 20, padding: 1 }),
      new ReLU6(),
      new Conv2d(20, 9, { kernelSize: 1 }),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
      new Linear(9, 5),
    );
    const x = uniform("eight/x", 4 * 17 * 15 * 3);
    const model = await create(network, [17, 15, 3], { seed: 11 });
    const made = await eight.quantize(model, x, { first: true, threads: 1 });
    const file = await made.save();
    const outputs = [made.predict(x).data];
    for (const options of [{}, { relaxedSimd: false }, { threads: { force: 2 } }])
      outputs.push((await eight.loadModel(file, options)).predict(x).data);
    for (const data of outputs) equal(await hashOf([data]), OUTPUTS, "outputs");
    const bytes = new Float32Array(file.length);
    bytes.set(file);
    equal(await hashOf([bytes]), FILE, "file");
  },
};
