// Convolutions through the public API: against PyTorch, and on a grid of shapes against their definition in float64.
// Winograd is held to the same bar as the direct algorithm: measured on these cases, it takes at most a third of it
// (1.2e-6 of the largest value), the direct one a seventh (6e-7).
import { describe, expect, it } from "vitest";
import { type Conv2dShape, isDepthwise } from "../../../src/abi/conv.js";
import { winogradDwPays, winogradLegal } from "../../../src/abi/winograd.js";
import { Conv2d, type Model } from "../../../src/hosts/node/index.js";
import { nameOf, shapeOf } from "../../support/kernels/conv-cases.js";
import { conv2d, conv2dDw, conv2dDx } from "../../support/reference/conv.js";
import { build, setupName, setups, setWeights } from "../../support/setups.js";
import { uniform } from "../generator.js";
import { type GoldenCase, maxDifference } from "../load.js";
import { check, named } from "./check.js";

const PREFERENCES = ["memory", "speed"] as const;

function convolution({ attributes, inputs }: GoldenCase): Conv2d {
  const { kernelSize, stride, padding, dilation, groups, bias } = attributes;
  const [outChannels] = inputs.weight.shape;
  return new Conv2d(inputs.x.shape[1], outChannels, { kernelSize, stride, padding, dilation, groups, bias });
}

/** The algorithm of each pass of a model that is one convolution. */
function algorithms(model: Model, batchSize: number): Record<string, unknown> {
  const { nodes } = model.engine.plan({ batchSize, training: false, backward: "output" }).graph;
  return Object.fromEntries(
    nodes.flatMap(({ op, attributes }) =>
      ["conv2d", "conv2dDx", "conv2dDw"].includes(op.name) && "algorithm" in attributes
        ? [[op.name, attributes.algorithm]]
        : [],
    ),
  );
}

/** 3x3, stride 1, channels in vectors: Winograd, but for images smaller than a tile, and weight gradients of few tiles. */
function expectedAlgorithms(s: Conv2dShape, prefer: (typeof PREFERENCES)[number]): Record<string, unknown> {
  const winograd = prefer === "speed" && winogradLegal(s) && s.oh >= 4 && s.ow >= 4;
  const conv = isDepthwise(s) ? "depthwise" : winograd ? "winograd" : "direct";
  return { conv2d: conv, conv2dDx: conv, conv2dDw: winograd && !winogradDwPays(s) ? "direct" : conv };
}

const KERNELS = [1, 3, 3, 5, 7];
const CHANNELS = [1, 3, 4, 7, 16, 20, 33, 64];
const SIZES = [1, 4, 7, 9, 12, 13];

/** One shape for each seed; every kernel with every stride, padding, dilation and grouping comes up many times. */
function randomShape(seed: number): Conv2dShape | null {
  const words = uniform(`shape ${seed}`, 9, 0.5, 0.5);
  let at = 0;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(words[at++] * list.length)];
  const kernel = pick(KERNELS);
  const [stride, padding, dilation] = [pick([1, 1, 2]), pick([0, 1, 2, 3]), pick([1, 1, 2])];
  const [batch, h, w, ic, oc] = [pick([1, 2, 3, 5]), pick(SIZES), pick(SIZES), pick(CHANNELS), pick(CHANNELS)];
  const groups = [1, 1, 4, ic][seed % 4];
  const divisible = ic % groups === 0 && (groups === ic || oc % groups === 0);
  const s = shapeOf(
    batch,
    h,
    w,
    ic,
    groups === ic && groups > 1 ? ic : oc,
    [kernel, stride, padding, dilation],
    groups,
  );
  return divisible && s.oh >= 1 && s.ow >= 1 ? s : null;
}

const fixed = [
  shapeOf(1, 14, 13, 64, 64, [3, 1, 1, 1]),
  shapeOf(5, 9, 7, 4, 4, [3, 1, 3, 1]), // the data gradient crops dy: its own padding is -1
  shapeOf(2, 12, 9, 64, 4, [3, 1, 0, 1]),
  shapeOf(3, 17, 12, 8, 20, [3, 1, 2, 1]),
  shapeOf(1, 4, 19, 20, 16, [3, 1, 1, 1]),
];
const grid = [
  ...fixed,
  ...Array.from({ length: 120 }, (_, seed) => randomShape(seed)).filter((shape) => shape !== null),
].filter((s) => s.batch * s.oh * s.ow * s.oc * s.kh * s.kw * s.ic < 3e6 * s.groups);

/** OHWI ↔ OIHW: swaps the two inner dimensions of [outer, a, b]. */
function swapped(data: ArrayLike<number>, outer: number, a: number, b: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) out[(o * b + j) * a + i] = data[(o * a + i) * b + j];
  return out;
}

/** Within 4e-6 of the largest value, the part of the bar that needs no PyTorch. */
function expectClose(name: string, actual: ArrayLike<number>, expected: Float64Array): void {
  const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  expect(maxDifference(actual, expected), name).toBeLessThanOrEqual(4e-6 * largest);
}

interface Definition {
  x: Float32Array<ArrayBuffer>;
  dy: Float32Array<ArrayBuffer>;
  filter: Float32Array<ArrayBuffer>;
  y: Float64Array;
  dx: Float64Array;
  dw: Float64Array;
}
const definitions = new Map<string, Definition>();

/** Operands and results of a shape, computed once for all setups. */
function define(name: string, s: Conv2dShape): Definition {
  const known = definitions.get(name);
  if (known) return known;
  const x = uniform(`${name} x`, s.batch * s.h * s.w * s.ic);
  const dy = uniform(`${name} dy`, s.batch * s.oh * s.ow * s.oc);
  const filter = uniform(`${name} w`, (s.oc * s.kh * s.kw * s.ic) / s.groups);
  const results = { y: conv2d(s, x, filter), dx: conv2dDx(s, dy, filter), dw: conv2dDw(s, dy, x) };
  definitions.set(name, { x, dy, filter, ...results });
  return define(name, s);
}

describe.each(setups.map((setup) => [setupName(setup), setup] as const))("%s", (_, setup) => {
  it.each(named("conv2d", "conv2d-grouped", "conv2d-3x3"))("%s", async (_, golden) => {
    for (const prefer of PREFERENCES) (await check(golden, convolution(golden), { ...setup, prefer })).dispose();
  });

  it.each(grid.map((s) => [nameOf(s), s] as const))("%s", async (name, s) => {
    const { kh, strideH: stride, padTop: padding, dilationH: dilation, ic, oc, groups, batch } = s;
    const options = { kernelSize: kh, stride, padding, dilation, groups, bias: false };
    const taps = kh * kh;
    const { x, dy, filter, y, dx, dw } = define(name, s);
    for (const prefer of PREFERENCES) {
      const model = await build(new Conv2d(ic, oc, options), [s.h, s.w, ic], { ...setup, prefer });
      const weight = { data: swapped(filter, oc, taps, ic / groups), shape: [oc, ic / groups, kh, kh] };
      setWeights(model, { weight });
      expectClose(`${prefer} y`, model.forward(x).data, y);
      expectClose(`${prefer} dx`, model.backward(dy).data, dx);
      const gradient = model.gradients().get("weight")!.data;
      expectClose(`${prefer} dw`, swapped(gradient, oc, ic / groups, taps), dw);
      // A 1x1 convolution of every pixel is planned as a linear layer.
      const pointwise = taps * stride * groups === 1 && padding === 0;
      expect(algorithms(model, batch)).toEqual(pointwise ? {} : expectedAlgorithms(s, prefer));
      model.dispose();
    }
  });
});

it("covers every kernel with strides, paddings, dilations and groups", () => {
  const seen = (of: (s: Conv2dShape) => number) => [...new Set(grid.map(of))].sort((a, b) => a - b);
  expect(seen(({ kh, strideH }) => kh * 10 + strideH)).toEqual([11, 12, 31, 32, 51, 52, 71, 72]);
  expect(seen(({ padTop, dilationH }) => padTop * 10 + dilationH)).toEqual([1, 2, 11, 12, 21, 22, 31, 32]);
  expect(seen(({ batch }) => batch)).toEqual([1, 2, 3, 5]);
  expect(grid.filter(isDepthwise).length).toBeGreaterThan(10);
  expect(grid.filter((s) => expectedAlgorithms(s, "speed").conv2d === "winograd").length).toBeGreaterThan(5);
  expect(grid.filter((s) => expectedAlgorithms(s, "speed").conv2dDw === "winograd").length).toBeGreaterThan(1);
});
