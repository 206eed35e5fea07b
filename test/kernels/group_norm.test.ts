import { describe, expect, test } from "vitest";
import { ACTIVATIONS } from "../../src/abi/enums.js";
import { callSplit, expectClose, finiteDifference, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import { activations } from "../support/reference/activations.js";
import { type Axis, moments, normalize, normalizeDw, normalizeDx } from "../support/reference/norm.js";

const EPS = 1e-5;

/** Nothing follows. */
const plain = { eps: EPS, residual: 0, activation: ACTIVATIONS.none, param: 0 };

interface Sizes {
  batch: number;
  pixels: number;
  channels: number;
  groups: number;
  /** Pixels of one item of work. */
  chunk: number;
}

const sizes = (batch: number, pixels: number, channels: number, groups: number, chunk: number): Sizes => ({
  batch,
  pixels,
  channels,
  groups,
  chunk,
});

/** Groups of two numbers are left out: their xhat is ±1 whatever x is, and dx cancels to nothing but rounding. */
const SHAPES = [
  sizes(1, 3, 1, 1, 8),
  sizes(2, 1, 8, 2, 8),
  sizes(3, 7, 4, 4, 8),
  sizes(2, 9, 6, 2, 8), // a chunk of one pixel
  sizes(1, 16, 32, 16, 8),
  sizes(2, 17, 24, 8, 16),
  sizes(2, 12, 27, 9, 8),
  sizes(1, 5, 35, 7, 8), // groups of 5 across vectors
  sizes(4, 64, 16, 2, 24),
  sizes(2, 25, 7, 7, 8), // instance normalisation, no whole number of vectors
  sizes(2, 30, 10, 1, 16), // all channels
  sizes(1, 1024, 8, 4, 64),
];

describe.each(variants)("group normalisation, %s", (variant) => {
  const harness = Harness.create(variant);

  const axisOf = ({ pixels, groups }: Sizes): Axis => ({ pixels, groups });
  const rowsOf = ({ batch, pixels }: Sizes) => batch * pixels;

  /** Room as the planner gives it: so many bytes for each channel, up to a whole vector, of each item. */
  function withRoom(s: Sizes, perChannel: number) {
    const chunkBytes = Math.ceil(s.channels / 4) * 4 * perChannel;
    const items = s.batch * Math.ceil(s.pixels / s.chunk);
    return { ...s, chunkBytes, partial: harness.f32((items * chunkBytes) / 4).ptr };
  }

  function weightsOf(s: Sizes, affine: boolean) {
    if (affine) return { gamma: normals(s.channels, 3), beta: normals(s.channels, 4) };
    return { gamma: new Float32Array(s.channels).fill(1), beta: new Float32Array(s.channels) };
  }

  function run(x: Float32Array, dy: Float32Array, s: Sizes, affine: boolean) {
    const weights = weightsOf(s, affine);
    const [y, mean, rstd, sum, product, dx] = runSplit(harness, (threads) => {
      const [a, g] = [harness.f32(x), harness.f32(dy)];
      const gamma = affine ? harness.f32(weights.gamma).ptr : 0;
      const beta = affine ? harness.f32(weights.beta).ptr : 0;
      const perGroup = s.batch * s.groups;
      const perChannel = s.batch * s.channels;
      const outputs = [x.length, perGroup, perGroup, perChannel, perChannel, x.length].map((n) => harness.f32(n));
      const [y, mean, rstd, sum, product, dx] = outputs.map(({ ptr }) => ptr);
      const saved = { dy: g.ptr, x: a.ptr, mean, rstd };
      harness.call("f32_group_norm", { x: a.ptr, gamma, beta, y, mean, rstd, ...plain, ...withRoom(s, 20) });
      harness.call("f32_group_norm_sums", { ...saved, sum, product, ...withRoom(s, 20) });
      callSplit(harness, "f32_group_norm_dx", { ...saved, sum, product, gamma, dx, ...withRoom(s, 16) }, threads);
      return outputs;
    });
    return { ...weights, y, mean, rstd, sum, product, dx };
  }

  /** dgamma and dbeta are sums over images. */
  function overImages(values: Float32Array, { channels }: Sizes): Float64Array {
    const sums = new Float64Array(channels);
    values.forEach((value, i) => {
      sums[i % channels] += value;
    });
    return sums;
  }

  describe.each([true, false])("affine %s", (affine) => {
    test.each(SHAPES)("%o, forward and backward", (s) => {
      const n = rowsOf(s) * s.channels;
      const [x, dy] = [normals(n, 1, 2, 0.5), normals(n, 2)];
      const got = run(x, dy, s, affine);
      const axis = axisOf(s);
      const m = moments(x, rowsOf(s), s.channels, axis, EPS);
      const exact = normalizeDw(dy, x, m, s.channels, axis);
      // The saved mean is a float32 number: half an ULP of it, in units of the group's deviation, is in every xhat.
      const rounding = Math.max(...m.mean.map((mean, i) => 2 ** -24 * Math.abs(mean) * m.rstd[i]));
      expectClose(got.mean, m.mean, 1e-6, 0.1);
      expectClose(got.rstd, m.rstd, 1e-6);
      expectClose(got.y, normalize(x, m, got.gamma, got.beta, s.channels, axis), 2e-6 + rounding);
      expectClose(got.dx, normalizeDx(dy, x, m, got.gamma, s.channels, axis), 4e-6 + rounding, 0.1);
      expectClose(overImages(got.product, s), exact.dgamma, 2e-6 + rounding, 1);
      expectClose(overImages(got.sum, s), exact.dbeta, 1e-6, 1);
    });

    test("gradients agree with finite differences", () => {
      const s = sizes(2, 3, 6, 2, 8);
      const n = rowsOf(s) * s.channels;
      const [x, dy] = [normals(n, 1), normals(n, 2)];
      const { gamma, beta, dx, sum, product } = run(x, dy, s, affine);
      const axis = axisOf(s);
      const loss = (v: ArrayLike<number>, g: ArrayLike<number>, b: ArrayLike<number>) =>
        normalize(v, moments(v, rowsOf(s), s.channels, axis, EPS), g, b, s.channels, axis).reduce(
          (total, y, i) => total + dy[i] * y,
          0,
        );
      const numerical = (f: (v: Float64Array) => number, at: ArrayLike<number>) => finiteDifference(f, at);
      expectClose(
        dx,
        numerical((v) => loss(v, gamma, beta), x),
      );
      expectClose(
        overImages(product, s),
        numerical((v) => loss(x, v, beta), gamma),
      );
      expectClose(
        overImages(sum, s),
        numerical((v) => loss(x, gamma, v), beta),
      );
    });
  });

  test("groups far from 0 keep their digits", () => {
    const s = sizes(2, 25, 8, 2, 8);
    const x = normals(400, 1, 1, 4096);
    const { y, gamma, beta } = run(x, normals(400, 2), s, true);
    const m = moments(x, rowsOf(s), s.channels, axisOf(s), EPS);
    // The mean is rounded to float32: half an ULP of 4096 is 2.4e-4, and all of the error.
    expectClose(y, normalize(x, m, gamma, beta, s.channels, axisOf(s)), 3e-4);
  });

  test("groups of one number give beta, and no gradient", () => {
    const s = sizes(3, 1, 5, 5, 8);
    const { y, beta, dx } = run(normals(15, 1), normals(15, 2), s, true);
    expect([...y]).toEqual([...beta, ...beta, ...beta]);
    expect([...dx].map(Math.abs)).toEqual(Array(15).fill(0));
  });

  test.each(["relu", "elu", "sigmoid"] as const)("a sum and %s follow", (kind) => {
    const s = sizes(2, 13, 10, 2, 8);
    const [x, residual] = [normals(260, 1), normals(260, 5)];
    const { y } = run(x, x, s, true);
    const param = kind === "elu" ? 0.7 : 0;
    harness.reset();
    const { gamma, beta } = weightsOf(s, true);
    const [a, b] = [harness.f32(x), harness.f32(residual)];
    const operands = {
      x: a.ptr,
      y: b.ptr,
      residual: b.ptr,
      gamma: harness.f32(gamma).ptr,
      beta: harness.f32(beta).ptr,
    };
    const statistics = { mean: harness.f32(4).ptr, rstd: harness.f32(4).ptr };
    const follow = { eps: EPS, activation: ACTIVATIONS[kind], param };
    harness.call("f32_group_norm", { ...operands, ...statistics, ...follow, ...withRoom(s, 20) });
    const definition = activations[kind].y;
    expectClose(
      b.read(),
      Array.from(y, (v, i) => definition(Math.fround(v + residual[i]), Math.fround(param))),
    );
    harness.checkBands();
  });

  test("in place", () => {
    const s = sizes(2, 11, 10, 5, 8);
    const [x, dy] = [normals(220, 1), normals(220, 2)];
    const { y, mean, rstd, sum, product, dx } = run(x, dy, s, false);
    harness.reset();
    const [a, b, c] = [harness.f32(x), harness.f32(dy), harness.f32(x)];
    const [m, r] = [harness.f32(10), harness.f32(10)];
    const kept = { mean: m.ptr, rstd: r.ptr, gamma: 0 };
    const forward = { x: a.ptr, y: a.ptr, beta: 0, ...plain };
    harness.call("f32_group_norm", { ...forward, ...kept, ...withRoom(s, 20) });
    expect(a.read()).toEqual(y);
    expect([m.read(), r.read()]).toEqual([mean, rstd]);
    const sums = { sum: harness.f32(sum).ptr, product: harness.f32(product).ptr };
    harness.call("f32_group_norm_dx", { dy: b.ptr, x: c.ptr, dx: b.ptr, ...sums, ...kept, ...withRoom(s, 16) });
    expect(b.read()).toEqual(dx);
    harness.checkBands();
  });
});
