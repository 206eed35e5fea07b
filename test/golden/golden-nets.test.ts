// The golden files of convolutional ops and networks: inputs, shapes and values belong together.
import { describe, expect, it } from "vitest";
import { images } from "./generator.js";
import { loadCases, maxDifference, nchwToNhwc, nhwcToNchw, readJson, tolerance } from "./load.js";
import { loadCifarTrajectory, loadGradients, loadLogits, type TorchvisionNet } from "./load-nets.js";

const parameterCount = (state: Map<string, { data: Float32Array }>): number =>
  [...state].reduce((sum, [name, { data }]) => sum + (name.includes("running") ? 0 : data.length), 0);

it("generates the same images as Python", () => {
  const sample = readJson<{ images: number[] }>("generator.json");
  expect([...images("sample", [2, 1, 9, 10]).slice(80, 100)]).toEqual(sample.images);
});

it("converts layouts there and back", () => {
  const x = images("layout", [2, 3, 4, 5]);
  const nhwc = nchwToNhwc(x, [2, 3, 4, 5]);
  expect(nhwc[((1 * 4 + 2) * 5 + 3) * 3 + 1]).toBe(x[((1 * 3 + 1) * 4 + 2) * 5 + 3]);
  expect(nhwcToNchw(nhwc, [2, 4, 5, 3])).toEqual(x);
});

describe("op cases", () => {
  it.each(["conv2d", "conv2d-grouped", "conv2d-3x3", "pools", "norms-2d"])(
    "%s: shapes agree and values are finite",
    (file) => {
      const cases = loadCases(file);
      expect(cases.length).toBeGreaterThan(9);
      expect(new Set(cases.map((c) => c.name)).size).toBe(cases.length);
      for (const { name, inputs, outputs } of cases) {
        for (const [key, { shape, data }] of [...Object.entries(inputs), ...Object.entries(outputs)]) {
          expect(data.length, `${name} ${key}`).toBe(shape.reduce((a, b) => a * b, 1));
          expect(data.every(Number.isFinite), `${name} ${key}`).toBe(true);
        }
        expect(outputs.y.shape, name).toEqual(inputs.dy.shape);
        expect(outputs.dx.shape, name).toEqual(inputs.x.shape);
      }
    },
  );

  it("conv2d: y by the definition", () => {
    for (const { name, attributes, inputs, outputs } of ["conv2d", "conv2d-grouped", "conv2d-3x3"].flatMap(loadCases)) {
      const [n, c, h, w] = inputs.x.shape;
      const [o, cg, kh, kw] = inputs.weight.shape;
      const [, , oh, ow] = outputs.y.shape;
      const { stride, padding, dilation, groups } = attributes;
      const y = new Float64Array(outputs.y.data.length);
      for (let at = 0; at < y.length; at++) {
        const [ox, oy, oc] = [at % ow, Math.floor(at / ow) % oh, Math.floor(at / ow / oh) % o];
        const image = Math.floor(at / ow / oh / o);
        const first = Math.floor(oc / (o / groups)) * cg;
        y[at] = inputs.bias?.data[oc] ?? 0;
        for (let ic = 0; ic < cg; ic++)
          for (let ky = 0; ky < kh; ky++)
            for (let kx = 0; kx < kw; kx++) {
              const iy = oy * stride[0] - padding[0] + ky * dilation[0];
              const ix = ox * stride[1] - padding[1] + kx * dilation[1];
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
              y[at] +=
                inputs.x.data[((image * c + first + ic) * h + iy) * w + ix] *
                inputs.weight.data[((oc * cg + ic) * kh + ky) * kw + kx];
            }
      }
      expect(n, name).toBe(outputs.y.shape[0]);
      expect(maxDifference(y, outputs.y.data), name).toBeLessThan(tolerance(outputs.y));
    }
  });
});

describe("networks", () => {
  it.each([
    ["pad", 269_722],
    ["projection", 272_474],
  ] as const)("ResNet-20 %s: %i parameters, losses fall", (shortcut, count) => {
    const golden = loadCifarTrajectory(shortcut);
    expect(parameterCount(golden.state)).toBe(count);
    expect(golden.losses.length).toBe(20);
    for (let step = 4; step < 20; step++) expect(golden.losses[step]).toBeLessThan(golden.losses[step - 4]);
    const names = golden.finalState.map((f) => f.name);
    expect(names).toEqual([...golden.state.keys()]);
    for (const { name, shape } of golden.finalState) expect(golden.state.get(name)!.shape).toEqual(shape);
    expect(Math.max(...golden.gradients.map((g) => g.float32RelativeNorm))).toBeLessThan(1e-5); // no ReLU on the fence
    const { x, labels } = golden.batchOf(5);
    expect([x.length, labels.length]).toEqual([32 * 3 * 32 * 32, 32]);
  });

  it.each([
    ["resnet18", 11_689_512],
    ["resnet34", 21_797_672],
    ["resnet50", 25_557_032],
    ["resnet101", 44_549_160],
    ["resnet152", 60_192_808],
  ] as [TorchvisionNet, number][])("%s: %i parameters, three logit cases", (net, count) => {
    const golden = loadLogits(net);
    expect(parameterCount(golden.state)).toBe(count);
    expect(golden.cases.map(({ shape }) => shape)).toEqual([
      [1, 3, 224, 224],
      [4, 3, 224, 224],
      [1, 3, 192, 160],
    ]);
    for (const { shape, logits } of golden.cases) {
      expect(logits.shape).toEqual([shape[0], 1000]);
      expect(logits.data.every(Number.isFinite)).toBe(true);
    }
  });

  it.each(["resnet18", "resnet50"] as const)("%s: a gradient for every parameter and the input", (net) => {
    const golden = loadGradients(net);
    const trained = [...golden.state.keys()].filter((name) => !name.includes("running"));
    expect(golden.gradients.map((g) => g.name).sort()).toEqual([...trained, "input"].sort());
    expect(golden.runningStatistics.length + trained.length).toBe(golden.state.size);
    expect(Math.max(...golden.gradients.map((g) => g.float32RelativeNorm))).toBeLessThan(2e-5);
  });
});
