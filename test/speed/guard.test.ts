// Kernels must not become slow unnoticed. Absolute times mean nothing on a shared machine, so each kernel takes turns with
// the bare micro-kernel in the same process, and its speed counts as a share of that one's. The margins are wide: a
// micro-kernel that spills its accumulators, a lost fast path or a padding pass fall through, a busy neighbour does not.
import { beforeAll, describe, expect, it } from "vitest";
import { compileMicroKernel } from "../../bench/micro-kernel/compile.js";
import { microKernel } from "../../bench/micro-kernel/kernel.js";
import type { Conv2dShape } from "../../src/abi/conv.js";
import { gemmScratch, gemmSizes, packedSize } from "../../src/abi/gemm.js";
import { winogradFilterBytes, winogradScratch } from "../../src/abi/winograd.js";
import { normals } from "../support/kernels/compare.js";
import { type KernelCall, winogradForward, winogradPack } from "../support/kernels/conv-calls.js";
import { Harness, variants } from "../support/kernels/harness.js";

const TURNS = 12;
const ATTEMPTS = 5;

interface Load {
  macs: number;
  run: () => void;
}

const timed = (run: () => void): number => {
  const start = performance.now();
  run();
  return performance.now() - start;
};

/** Best of many turns: (multiply-adds a second) / (those of the bare micro-kernel). */
function share({ macs, run }: Load, unit: Load): number {
  let [mine, its] = [Infinity, Infinity];
  for (let turn = 0; turn < TURNS; turn++) {
    its = Math.min(its, timed(unit.run));
    mine = Math.min(mine, timed(run));
  }
  return macs / mine / (unit.macs / its);
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

const conv = (size: number, channels: number, kernel: number, out = channels): Conv2dShape => ({
  batch: 1,
  h: size,
  w: size,
  ic: channels,
  oh: size,
  ow: size,
  oc: out,
  kh: kernel,
  kw: kernel,
  strideH: 1,
  strideW: 1,
  dilationH: 1,
  dilationW: 1,
  padTop: (kernel - 1) / 2,
  padLeft: (kernel - 1) / 2,
  groups: 1,
});
const macsOf = (s: Conv2dShape) => s.batch * s.oh * s.ow * s.oc * s.kh * s.kw * s.ic;

const place = (h: Harness, n: number) => h.f32(normals(n, 1)).ptr;
const repeat = (h: Harness, calls: KernelCall[]) => () => {
  for (const { kernel, args } of calls) h.call(kernel, args as never);
};

/** C = A B. Weights are packed before, any other B as a part of the work. */
function gemm(h: Harness, m: number, n: number, k: number, weights = false): Load {
  const scratchStride = Math.ceil(gemmScratch(m, k) / 64) * 64;
  const [a, src] = [place(h, m * k), place(h, k * n)];
  const [dst, c, scratch] = [packedSize(k, n), m * n, scratchStride / 4].map((size) => h.f32(size).ptr);
  const pack: KernelCall = { kernel: "f32_pack_b", args: { src, dst, k, n, ld: n, transposed: 0 } };
  const epilogue = { bias: 0, residual: 0, activation: 0, param: 0, source: 0, scratch, scratchStride };
  const product: KernelCall = {
    kernel: "f32_gemm",
    args: { a, lda: k, aTransposed: 0, b: dst, y: c, ldy: n, m, n, k, ...gemmSizes(m, k), ...epilogue },
  };
  if (weights) repeat(h, [pack])();
  return { macs: m * n * k, run: repeat(h, weights ? [product] : [pack, product]) };
}

function winograd(h: Harness): Load {
  const s = conv(28, 128, 3);
  const transformed = h.f32(winogradFilterBytes(s.oc, s.ic) / 4).ptr;
  const scratchStride = winogradScratch(s);
  const scratch = { scratch: h.f32(scratchStride / 4).ptr, scratchStride };
  repeat(h, winogradPack(s, { filter: place(h, s.oc * 9 * s.ic), transformed, dx: false, ...scratch }))();
  const io = { x: place(h, s.h * s.w * s.ic), transformed, y: h.f32(s.oh * s.ow * s.oc).ptr };
  return { macs: macsOf(s), run: repeat(h, winogradForward(s, { ...io, ...scratch })) };
}

/** BatchNorm with ReLU of 1024 pixels of 64 channels, in L2; an element counts as one multiply-add. */
function batchNorm(h: Harness): Load {
  const [rows, channels] = [1024, 64];
  const io = { x: place(h, rows * channels), y: h.f32(rows * channels).ptr, residual: 0 };
  const [mean, rstd, gamma, beta] = [1, 2, 3, 4].map(() => place(h, channels));
  const call: KernelCall = { kernel: "f32_batch_norm", args: { ...io, mean, rstd, gamma, beta, rows, channels, activation: 1, param: 0 } }; // biome-ignore format: one line
  const run = repeat(
    h,
    Array.from({ length: 20 }, () => call),
  );
  return { macs: 20 * rows * channels, run };
}

/** [what, the load, the least share]. Measured on x86: bench/NOTES.md, Guard. */
const cases: [string, (h: Harness) => Load, number][] = [
  ["GEMM 256^3", (h) => gemm(h, 256, 256, 256), 0.6],
  ["1x1 convolution, 28x28x512 to 128", (h) => gemm(h, 784, 128, 512, true), 0.55],
  ["Winograd convolution, 28x28x128", winograd, 1.6],
  ["BatchNorm with ReLU", batchNorm, 0.08],
];

describe.each(variants)("speed of the %s kernels, in bare micro-kernels", (variant) => {
  let unit: Load;

  beforeAll(async () => {
    const macs = 16e6; // about a millisecond
    unit = { macs, run: await microKernel(await compileMicroKernel(variant), variant, macs) };
  });

  it.each(cases)("%s", (_, load, least) => {
    const work = load(Harness.create(variant));
    const warm = performance.now() + 300; // V8 compiles in the background
    while (performance.now() < warm) share(work, unit);
    // Several readings, and several more before a failure counts.
    let shares: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS && !(median(shares) > least); attempt++)
      shares = [1, 2, 3].map(() => share(work, unit));
    expect(median(shares), `shares ${shares}`).toBeGreaterThan(least);
  });
});
