// Networks in eight bits as modules: the integers of the library.
import { describe, expect, it } from "vitest";
import { ArgumentError, compileModel } from "../../../src/faces/standalone.js";
import * as lib from "../../../src/hosts/node/index.js";
import { loadModel, quantize } from "../../../src/hosts/node/quantize.js";
import { uniform } from "../../golden/generator.js";
import { start } from "./modules.js";

const NETWORKS: Record<string, [network: () => lib.Layer, inputShape: number[]]> = {
  "ResNet-20": [() => lib.cifarResNet(20), [32, 32, 3]],
  MobileNetV2: [() => lib.mobilenetV2({ classes: 10, width: 0.35 }), [32, 32, 3]],
  "a residual MLP": [() => lib.residualMLP({ in: 20, out: 5, width: 64, blocks: 3, norm: "batch" }), [20]],
};

describe.each(Object.entries(NETWORKS))("%s", (_, [network, inputShape]) => {
  const size = inputShape.reduce((a, b) => a * b, 1);
  const x = uniform("standalone/eight", 4 * size);

  async function made() {
    const model = await lib.createModel(network(), { inputShape, seed: 7, threads: 1 });
    model.forward({ data: x, shape: [4, ...inputShape] }, { training: true });
    return { model, small: await quantize(model, x, { first: true, threads: 1 }) };
  }

  it("has the bits of predict at each n, made or loaded, weights as bytes, and refuses what would give others", async () => {
    const { model, small } = await made();
    const { data } = small.predict({ data: x.slice(0, 3 * size), shape: [3, ...inputShape] });
    const bytes = compileModel(small, { batchSize: 3 });
    const module = start(bytes);
    expect(module.info).toMatchObject({ precision: "I8", relaxedSimd: false });
    const each = data.length / 3;
    for (const n of [1, 2, 3]) expect(module.predict(x.slice(0, 3 * size), n)).toEqual(data.slice(0, n * each));
    const again = await loadModel(await small.save(), { relaxedSimd: false, threads: 1 });
    expect(start(compileModel(again, { precision: "I8" })).predict(x.slice(0, size), 1)).toEqual(data.slice(0, each));
    const integers = small.report?.layers.filter(({ precision }) => precision === "int8") ?? [];
    const weights = integers.reduce((sum, { name }) => sum + (model.stateDict().get(name)?.data.length ?? 0), 0);
    expect(weights).toBeGreaterThan(0);
    expect(compileModel(model, { batchSize: 3 }).length - bytes.length).toBeGreaterThan(2.5 * weights - 20_000);
    for (const options of [{ precision: "F32" }, { precision: "F16" }, { relaxedSimd: true }] as const)
      expect(() => compileModel(small, options)).toThrow(ArgumentError);
    expect(() => compileModel(model, { precision: "I8" })).toThrow(/quantize of resnet-wasm\/quantize makes one/);
  });
});
