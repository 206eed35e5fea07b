// Networks of ONNX files as they run here: PyTorch's float64 outputs and gradients, saving, training.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createModel, createTrainer, crossEntropy, loadModel, type Model, SGD } from "../../../src/hosts/node/index.js";
import { readSafetensors } from "../../../src/io/safetensors.js";
import { importOnnx } from "../../../src/onnx/import.js";

const data = new URL("../../../../shared/data/", import.meta.url);
const zoo = new URL("zoo/", data);
const present = existsSync(zoo);

interface Entry {
  name: string;
  torch_f32_error: number;
}
const errors: Record<string, number> = Object.fromEntries(
  (present ? JSON.parse(readFileSync(new URL("zoo.json", zoo), "utf8")).models : []).map((entry: Entry) => [
    entry.name,
    entry.torch_f32_error,
  ]),
);

const IMPORTED =
  `resnet_basic resnet_bottleneck_dynamo resnet_d_se resnext cifar_preact residual_mlp residual_mlp_dynamo test_efficientnet
  test_efficientnet_gn test_convnext test_convnext2_dynamo test_resnet test_byobnet regnet_y
  mobilenet_v2_035 mobilenet_v3_small_050
  shufflenet_v2_x0_5 squeezenet1_1 densenet resnet_1d groupnorm_misc`.split(/\s+/);

interface Tensor {
  data: Float32Array;
  shape: number[];
}

/** [n, c, …] → [n, …, c] */
function toChannelsLast({ data: from, shape }: Tensor): Tensor {
  const [n, c, ...spatial] = shape as [number, number, ...number[]];
  const pixels = spatial.reduce((a, b) => a * b, 1);
  const to = new Float32Array(from.length);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < pixels; p++) to[(i * pixels + p) * c + k] = from[(i * c + k) * pixels + p]!;
  return { data: to, shape: spatial.length > 0 ? [n, ...spatial, c] : shape };
}

const read = (name: string, file: string) =>
  readSafetensors(readFileSync(new URL(`${name}/${file}.safetensors`, zoo))).tensors;
const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

async function open(name: string, logits = false): Promise<Model> {
  const { network, state, inputShape } = importOnnx(readFileSync(new URL(`${name}/model.onnx`, zoo)), { logits });
  const model = await createModel(network, { inputShape });
  model.loadStateDict(state);
  return model;
}

describe.skipIf(!present)("the zoo (skipped without ../shared/data/zoo)", () => {
  it("is all told of here", () => {
    expect([...IMPORTED].sort()).toEqual(Object.keys(errors).sort());
  });

  it.each(IMPORTED)("%s gives PyTorch's outputs, before and after it is saved", async (name) => {
    const model = await open(name);
    const golden = read(name, "golden");
    const x = toChannelsLast(golden.get("x")!);
    const y = model.predict(x);
    const expected = golden.get("y")!;
    const scale = largest(expected.data);
    expect(y.shape).toEqual(expected.shape);
    expect(distance(expected.data, y.data)).toBeLessThan(Math.max(16 * errors[name]!, 2e-5 * scale));
    const again = await loadModel(await model.save());
    expect(again.predict(x).data).toEqual(y.data);
  });

  it.each(IMPORTED)("%s learns a batch by heart", async (name) => {
    const model = await open(name, true);
    const x = toChannelsLast(read(name, "golden").get("x")!);
    const [n] = x.shape as [number];
    const classes = model.predict(x).shape[1]!;
    const targets = Int32Array.from({ length: n }, (_, i) => i % classes);
    const optimizer = new SGD({ lr: 0.02, momentum: 0.9 });
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer, clipGradNorm: 1 });
    const losses = Array.from({ length: 50 }, () => trainer.step(x, targets).loss);
    expect(Math.min(...losses)).toBeLessThan(losses[0]! / 2);
  });

  // BatchNorms and convolutions that the exporter folded into each other are no weights of PyTorch's.
  it.each([
    ["resnet_d_se", 18],
    ["test_convnext", 101],
    ["test_efficientnet_gn", 49],
    ["mobilenet_v3_small_050", 40],
    ["resnet_1d", 4],
  ])("%s has PyTorch's gradients, of %d weights", async (name, count) => {
    const model = await open(name);
    const grads = read(name, "grads");
    const x = toChannelsLast(read(name, "golden").get("x")!);
    const gy = grads.get("gy")!;
    model.forward(x, { training: false }); // BatchNorms that the file has left are as in evaluation there
    const dx = model.backward(gy);
    const gx = toChannelsLast(grads.get("gx")!);
    expect(distance(gx.data, dx.data), "gx").toBeLessThan(1e-4 * largest(gx.data));
    const made = model.gradients();
    const [own, weights] = [model.stateDict(), read(name, "weights")];
    // The exporter has its own names for some: they are known by their numbers.
    const pairs = [...made.keys()].flatMap((key) => {
      const values = own.get(key)!.data;
      const theirs = grads.has(key)
        ? [key]
        : [...weights].flatMap(([other, { data }]) =>
            grads.has(other) && data.length === values.length && distance(data, values) === 0 ? [other] : [],
          );
      return theirs.length === 1 ? [[key, theirs[0]!] as const] : [];
    });
    expect(pairs.length).toBe(count);
    for (const [key, theirs] of pairs) {
      const expected = grads.get(theirs)!.data;
      expect(distance(expected, made.get(key)!.data), key).toBeLessThan(1e-4 * largest(expected));
    }
  });
});
