// The entry for inference alone: the same predictions from a smaller build of the kernels.

import { describe, expect, it } from "vitest";
import * as full from "../../../src/hosts/node/index.js";
import * as inference from "../../../src/hosts/node/inference.js";
import { add } from "../../../src/ops/elementwise.js";
import { uniform } from "../../golden/generator.js";

const {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BasicBlock,
  BatchNorm1d,
  BatchNorm2d,
  Bottleneck,
  Conv2d,
  Dropout,
  Flatten,
  GELU,
  LayerNorm,
  Linear,
  MaxPool2d,
  PreActBlock,
  ReLU,
  Residual,
  Sequential,
  SiLU,
  Sigmoid,
  Softmax,
  SqueezeExcitation,
  Tanh,
} = full;

/** Together they take every op that a prediction can record. */
const networks: Record<string, { network: full.Layer; inputShape: number[] }> = {
  "a CIFAR ResNet with padded shortcuts": {
    network: full.cifarResNet(8, { classes: 10, shortcut: "pad" }),
    inputShape: [32, 32, 3],
  },
  "ready-made blocks": {
    network: new Sequential(
      new Conv2d(3, 16, { kernelSize: 7, stride: 2, padding: 3 }),
      new Bottleneck(16, 8, { groups: 2, seRatio: 0.25, avgDown: true, stride: 2 }),
      new PreActBlock(32, 32, { stochasticDepth: 0.2 }),
      new BasicBlock(32, 40, { stride: 2, shortcut: "pad" }),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
    ),
    inputShape: [32, 32, 3],
  },
  "a residual MLP with LayerNorm": {
    network: full.residualMLP({ in: 20, width: 32, blocks: 3, out: 4, norm: "layer", activation: new GELU() }),
    inputShape: [20],
  },
  "a ResNet for tables": { network: full.tabularResNet({ in: 12, out: 3 }), inputShape: [12] },
  "pools, depthwise convolution, activations": {
    network: new Sequential(
      new BatchNorm2d(6),
      new SiLU(),
      new Conv2d(6, 6, { kernelSize: 3, padding: 1, groups: 6 }),
      new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }),
      new SqueezeExcitation(6, 2),
      new AvgPool2d({ kernelSize: 2 }),
      new Flatten(),
      new Residual(new Sequential(new Linear(96, 96), new Tanh(), new Dropout(0.5), new BatchNorm1d(96))),
      new LayerNorm(96),
      new Sigmoid(),
      new Linear(96, 7),
      new ReLU(),
      new Softmax(),
    ),
    inputShape: [16, 16, 6],
  },
};

describe("resnet-wasm/inference", () => {
  it.each(Object.entries(networks))("predicts the same bits: %s", async (_, { network, inputShape }) => {
    const options = { threads: 1, relaxedSimd: false } as const;
    const model = await full.createModel(network, { inputShape, seed: 3, transform: { resize: 32 }, ...options });
    const size = inputShape.reduce((a, b) => a * b);
    for (const training of [true, true]) model.forward(uniform("inference/train", 4 * size), { training });
    const predictor = await inference.loadModel(await model.save(), options);
    for (const n of [1, 9]) {
      const x = uniform(`inference/x${n}`, n * size);
      expect(predictor.predict(x)).toEqual(model.predict(x));
    }
    expect(predictor.transform).toEqual({ resize: 32 });
    expect([predictor.inputShape, predictor.outputShape]).toEqual([model.inputShape, model.outputShape]);
    expect(predictor.network.toJSON()).toEqual(JSON.parse(JSON.stringify(network)));
  });

  it("runs on threads", async () => {
    const { network, inputShape } = networks["a CIFAR ResNet with padded shortcuts"];
    const model = await full.createModel(network, { inputShape, threads: 1, relaxedSimd: false });
    const predictor = await inference.loadModel(await model.save(), { threads: 2, relaxedSimd: false });
    const x = uniform("inference/threads", 4 * 32 * 32 * 3);
    expect(predictor.info.threads).toBe(2);
    expect(predictor.predict(x)).toEqual(model.predict(x));
    predictor.dispose();
    expect(() => predictor.predict(x)).toThrow(inference.ResnetWasmError);
  });

  it("loads layers of one's own", async () => {
    class Twice extends full.Layer {
      readonly type = "Twice";
      protected args() {
        return [];
      }
      protected record(...[b, x]: Parameters<full.Layer["build"]>) {
        return b.op(add, [x, x], { activation: null })[0];
      }
    }
    const saved = await (await full.createModel(new Sequential(new Twice()), { inputShape: [3] })).save();
    inference.registerLayer("Twice", Twice);
    expect([...(await inference.loadModel(saved)).predict([1, 2, 3]).data]).toEqual([2, 4, 6]);
  });

  it("refuses other bytes and wrong inputs with the same errors", async () => {
    await expect(inference.loadModel(new Uint8Array(9))).rejects.toThrow(inference.FormatError);
    const weights = full.writeSafetensors(new Map([["w", { data: new Float32Array(2), shape: [2] }]]));
    await expect(inference.loadModel(weights)).rejects.toThrow(/metadata expected the key/);
    const model = await full.createModel(new Linear(3, 2), { inputShape: [3] });
    const predictor = await inference.loadModel(await model.save());
    expect(() => predictor.predict([1, 2])).toThrow(full.ShapeError);
    // @ts-expect-error Predictors have no gradients.
    expect(predictor.backward).toBeUndefined();
  });
});
