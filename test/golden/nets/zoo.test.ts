// Real topologies of the zoo by families and blocks: state dicts by name, and PyTorch's float64 outputs and gradients.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Bottleneck,
  Conv2d,
  convnext,
  createModel,
  densenet,
  efficientnet,
  Flatten,
  type Layer,
  Linear,
  MaxPool2d,
  mobilenetV2,
  mobilenetV3,
  ReLU,
  readSafetensors,
  regnet,
  resnet1d,
  Sequential,
  shufflenetV2,
} from "../../../src/hosts/node/index.js";
import { maxDifference } from "../load.js";

const zoo = new URL("../../../../shared/data/zoo/", import.meta.url);
const present = existsSync(new URL("zoo.json", zoo));

const classes = 10;

/** A ResNet of one Bottleneck a stage, which no name stands for. */
function bottlenecks(stem: Record<string, Layer>, channels: number[], options: object, from: number): Layer {
  const stages = channels.map((width, i) => {
    const block = new Bottleneck(i === 0 ? from : 4 * channels[i - 1], width, { stride: i === 0 ? 1 : 2, ...options });
    return [`layer${i + 1}`, new Sequential(block)] as const;
  });
  const maxpool = new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 });
  const fc = new Linear(4 * channels[3], classes);
  const end = { avgpool: new AdaptiveAvgPool2d(1), flatten: new Flatten(), fc };
  return new Sequential({ ...stem, relu: new ReLU(), maxpool, ...Object.fromEntries(stages), ...end });
}

const conv = (from: number, to: number, stride = 1) =>
  new Conv2d(from, to, { kernelSize: 3, stride, padding: 1, bias: false });

interface Net {
  make: () => Layer;
  rename?: (name: string) => string;
  /** What `grads.safetensors` lets be compared. */
  hasGradients?: boolean;
}

const NETS: Record<string, Net> = {
  resnet_d_se: {
    make() {
      const deep = [
        conv(3, 8, 2),
        new BatchNorm2d(8),
        new ReLU(),
        conv(8, 8),
        new BatchNorm2d(8),
        new ReLU(),
        conv(8, 16),
      ];
      const stem = { conv1: new Sequential(...deep), bn1: new BatchNorm2d(16) };
      return bottlenecks(stem, [8, 8, 16, 16], { avgDown: true, seRatio: 1 / 16, seDivisor: 8 }, 16);
    },
    hasGradients: true,
  },
  resnext: {
    make() {
      const stem = {
        conv1: new Conv2d(3, 64, { kernelSize: 7, stride: 2, padding: 3, bias: false }),
        bn1: new BatchNorm2d(64),
      };
      return bottlenecks(stem, [16, 16, 32, 32], { groups: 4, width: 16 }, 64);
    },
  },
  mobilenet_v2_035: { make: () => mobilenetV2({ width: 0.35, classes, names: "timm" }) },
  // timm rounds what expands by the rounded width, torchvision by the width before.
  mobilenet_v3_small_050: {
    make() {
      const stages = [
        [[3, 16, 8, true, "relu", 2]],
        [
          [3, 40, 16, false, "relu", 2],
          [3, 56, 16, false, "relu", 1],
        ],
        [
          [5, 64, 24, true, "hardswish", 2],
          [5, 144, 24, true, "hardswish", 1],
          [5, 144, 24, true, "hardswish", 1],
        ],
        [
          [5, 72, 24, true, "hardswish", 1],
          [5, 72, 24, true, "hardswish", 1],
        ],
        [
          [5, 144, 48, true, "hardswish", 2],
          [5, 288, 48, true, "hardswish", 1],
          [5, 288, 48, true, "hardswish", 1],
        ],
      ] as const;
      return mobilenetV3({ stem: 16, stages, features: 1024 }, { classes, names: "timm" });
    },
    hasGradients: true,
  },
  test_efficientnet: {
    make() {
      const fused = { kind: "fused", kernel: 3, blocks: 1 } as const;
      const inverted = { expansion: 4, kernel: 3, stride: 2, blocks: 1 };
      const stages = [
        { ...fused, expansion: 1, stride: 1, channels: 16 },
        { ...fused, expansion: 4, stride: 2, channels: 24 },
        { ...fused, expansion: 4, stride: 2, channels: 32 },
        { ...inverted, channels: 48 },
        { ...inverted, channels: 64 },
      ];
      return efficientnet({ stem: 24, stages, head: 256 }, { classes, names: "timm" });
    },
  },
  test_convnext: {
    make: () =>
      convnext(
        { depths: [1, 2, 4, 2], dims: [24, 32, 48, 64], approximate: "tanh", eps: 1e-5 },
        { classes, names: "timm" },
      ),
    hasGradients: true,
  },
  test_convnext2_dynamo: {
    make: () =>
      convnext(
        { depths: [1, 1, 1, 1], dims: [32, 64, 96, 128], approximate: "tanh", eps: 1e-5 },
        { classes, names: "timm" },
      ),
  },
  regnet_y: {
    make: () => regnet({ depths: [1, 4, 1], widths: [16, 32, 80], groupWidths: [8, 8, 8], seRatio: 0.25 }, { classes }),
  },
  densenet: { make: () => densenet({ growth: 8, blocks: [2, 2, 2], stem: 16 }, { classes }) },
  shufflenet_v2_x0_5: { make: () => shufflenetV2("x0_5", { classes }) },
  resnet_1d: {
    make: () => resnet1d({ in: 3, classes: 6, channels: [16, 32, 32] }),
    rename: (name) =>
      name
        .replace(/^l\.(\d)/, (_, i) => `layer${+i + 1}`)
        .replace(/\.c(\d)\./, ".conv$1.")
        .replace(/\.b(\d)\./, ".bn$1.")
        .replace(/\.sc\.(?!\d)/, ".downsample.0.")
        .replace(/\.sc\./, ".downsample."),
    hasGradients: true,
  },
};

const read = (name: string, file: string) =>
  readSafetensors(readFileSync(new URL(`${name}/${file}.safetensors`, zoo))).tensors;
const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** [n, c, …] → [n, …, c] */
function channelsLast({ data, shape }: { data: ArrayLike<number>; shape: number[] }): Float32Array {
  const [n, c] = shape;
  const pixels = data.length / n / c;
  const moved = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < c; k++)
      for (let p = 0; p < pixels; p++) moved[(i * pixels + p) * c + k] = data[(i * c + k) * pixels + p];
  return moved;
}

describe.skipIf(!present)(`the zoo by families${present ? "" : " (skipped: ../shared/data/zoo is absent)"}`, () => {
  const errors = new Map<string, number>(
    present
      ? JSON.parse(readFileSync(new URL("zoo.json", zoo), "utf8")).models.map(
          (entry: { name: string; torch_f32_error: number }) => [entry.name, entry.torch_f32_error],
        )
      : [],
  );
  const open = async (name: string, { make, rename = (key) => key }: Net) => {
    const golden = read(name, "golden");
    const [x, y] = [golden.get("x")!, golden.get("y")!];
    const [, c, ...sizes] = x.shape;
    const model = await createModel(make(), { inputShape: [...sizes, c], relaxedSimd: false });
    expect(model.loadStateDict(read(name, "weights"), { rename })).toEqual({ missing: [], unexpected: [] });
    return { model, x: channelsLast(x), y };
  };

  it.each(Object.entries(NETS))("%s: strict, and PyTorch's outputs", async (name, net) => {
    const { model, x, y } = await open(name, net);
    const found = model.predict(x);
    expect(found.shape).toEqual(y.shape);
    expect(maxDifference(found.data, y.data)).toBeLessThan(Math.max(16 * errors.get(name)!, 2e-5 * largest(y.data)));
  });

  it.each(Object.entries(NETS).filter(([, { hasGradients }]) => hasGradients))(
    "%s: PyTorch's gradients of the network as it predicts",
    async (name, net) => {
      const { model, x } = await open(name, net);
      const { rename = (key: string) => key } = net;
      const expected = new Map([...read(name, "grads")].map(([key, value]) => [rename(key), value]));
      model.forward(x, { training: false });
      const dx = model.backward(expected.get("gy")!.data as Float32Array);
      const gradients = model.gradients();
      for (const [key, { data }] of gradients) {
        const golden = expected.get(key)!.data;
        expect(maxDifference(data, golden), key).toBeLessThan(1e-4 * largest(golden));
      }
      expect([...expected.keys()].filter((key) => !gradients.has(key)).sort()).toEqual(["gx", "gy"]);
      const gx = channelsLast(expected.get("gx")!);
      expect(maxDifference(dx.data, gx)).toBeLessThan(1e-4 * largest(gx));
    },
  );
});
