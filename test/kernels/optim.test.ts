import { describe, expect, test } from "vitest";
import { cuts } from "../../src/abi/partials.js";
import { callSplit, expectClose, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, type Operand, variants } from "../support/kernels/harness.js";
import { adamStep, lionStep, rmspropStep, sgdStep } from "../support/reference/optim.js";

/** Parameters stand in lines of 16 numbers, gaps included (src/graph/regions.ts). */
const LENGTHS = [16, 32, 48, 112, 1024];
const STEPS = 5;
const SCALE = 0.75; // of gradient clipping, exact in float32

/** The gradient of step `step`, and what the kernel makes of it. */
const gradientOf = (n: number, step: number): Float32Array => normals(n, 100 + step);
const scaled = (g: Float32Array): Float64Array => Float64Array.from(g, (v) => v * SCALE);

describe.each(variants)("optimisers, %s", (variant) => {
  const harness = Harness.create(variant);
  const write = (operand: Operand, values: ArrayLike<number>): void => {
    new Float32Array(harness.memory.buffer, operand.ptr, values.length).set(values);
  };

  describe.each([
    { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false },
    { momentum: 0, dampening: 0, weightDecay: 0.01, nesterov: false },
    { momentum: 0.9, dampening: 0, weightDecay: 0, nesterov: false },
    { momentum: 0.9, dampening: 0.3, weightDecay: 0.01, nesterov: false },
    { momentum: 0.9, dampening: 0, weightDecay: 0.01, nesterov: true },
  ])("SGD %j", (options) => {
    test.each(LENGTHS)(`%i weights, ${STEPS} steps`, (n) => {
      const start = normals(n, 1);
      const [w, v] = runSplit(harness, (threads) => {
        const [w, v] = [harness.f32(start), harness.f32(new Float32Array(n))];
        const [lr, dampening, scale, g] = [harness.f32([0.1]), harness.f32(1), harness.f32([SCALE]), harness.f32(n)];
        for (let step = 1; step <= STEPS; step++) {
          write(g, gradientOf(n, step));
          write(dampening, [step === 1 ? 0 : options.dampening]);
          const pointers = { w: w.ptr, g: g.ptr, v: options.momentum ? v.ptr : 0, n, lr: lr.ptr, scale: scale.ptr };
          const hyper = { lrScale: 0.5, momentum: options.momentum, weightDecay: options.weightDecay };
          const more = { nesterov: Number(options.nesterov), dampening: options.dampening ? dampening.ptr : 0 };
          callSplit(harness, "f32_sgd", { ...pointers, ...hyper, ...more }, threads);
        }
        return [w, v];
      });
      const [exact, velocity] = [Float64Array.from(start), new Float64Array(n)];
      for (let step = 1; step <= STEPS; step++) {
        sgdStep(exact, scaled(gradientOf(n, step)), velocity, step, { ...options, lr: 0.05 });
      }
      expectClose(w, exact, 1e-6, 0.1);
      expectClose(v, velocity, 1e-6, 0.1);
    });
  });

  describe.each([
    { weightDecay: 0, decoupled: false, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    { weightDecay: 0.1, decoupled: false, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    { weightDecay: 0.1, decoupled: true, beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    { weightDecay: 0.1, decoupled: true, beta1: 0.5, beta2: 0.9999, eps: 1e-3 },
    { weightDecay: 0.1, decoupled: false, beta1: 0.9, beta2: 0.5, eps: 1e-8, amsgrad: true },
  ])("Adam %j", ({ beta1, beta2, eps, weightDecay, decoupled, amsgrad }) => {
    test.each(LENGTHS)(`%i weights, ${STEPS} steps`, (n) => {
      const start = normals(n, 1);
      const [w, m, v, top] = runSplit(harness, (threads) => {
        const [w, m, v] = [harness.f32(start), harness.f32(new Float32Array(n)), harness.f32(new Float32Array(n))];
        const top = harness.f32(new Float32Array(n));
        const [lr, correction, scale, g] = [harness.f32([0.01]), harness.f32(2), harness.f32([SCALE]), harness.f32(n)];
        for (let step = 1; step <= STEPS; step++) {
          write(g, gradientOf(n, step));
          write(correction, [1 / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)]);
          const pointers = { w: w.ptr, g: g.ptr, m: m.ptr, v: v.ptr, top: amsgrad ? top.ptr : 0, n };
          const hyper = {
            lr: lr.ptr,
            scale: scale.ptr,
            lrScale: 1,
            rate1: 1 - beta1,
            rate2: 1 - beta2,
            eps,
            weightDecay,
            decoupled: Number(decoupled),
          };
          callSplit(harness, "f32_adam", { ...pointers, ...hyper, correction: correction.ptr }, threads);
        }
        return [w, m, v, top];
      });
      const exact = [Float64Array.from(start), new Float64Array(n), new Float64Array(n), new Float64Array(n)];
      for (let step = 1; step <= STEPS; step++) {
        const options = { lr: 0.01, beta1, beta2, eps, weightDecay, decoupled, top: amsgrad ? exact[3] : undefined };
        adamStep(exact[0], scaled(gradientOf(n, step)), exact[1], exact[2], step, options);
      }
      expectClose(w, exact[0], 4e-6, 1);
      expectClose(m, exact[1], 1e-6, 0.1);
      expectClose(v, exact[2], 1e-6, 0);
      expectClose(top, exact[3], 1e-6, 0);
    });
  });

  describe.each([
    { alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, initial: 0, sums: false, centered: false },
    { alpha: 0.9, eps: 1e-4, weightDecay: 0.1, momentum: 0, initial: 0, sums: false, centered: true },
    { alpha: 0.9, eps: 1e-8, weightDecay: 0, momentum: 0.9, initial: 0, sums: false, centered: false },
    { alpha: 0.5, eps: 1e-3, weightDecay: 0.1, momentum: 0.5, initial: 0, sums: false, centered: true },
    { alpha: 0, eps: 1e-10, weightDecay: 0.1, momentum: 0, initial: 0.3, sums: true, centered: false },
  ])("RMSprop and Adagrad %j", ({ alpha, eps, weightDecay, momentum, initial, sums, centered }) => {
    test.each(LENGTHS)(`%i weights, ${STEPS} steps`, (n) => {
      const start = normals(n, 1);
      const [w, v, a, b] = runSplit(harness, (threads) => {
        const [w, v] = [harness.f32(start), harness.f32(new Float32Array(n))];
        const [a, b] = [harness.f32(new Float32Array(n)), harness.f32(new Float32Array(n))];
        const [lr, scale, g, correction] = [[0.02], [SCALE], n, [0.25]].map((value) => harness.f32(value));
        for (let step = 1; step <= STEPS; step++) {
          write(g, gradientOf(n, step));
          const state = { v: v.ptr, a: centered ? a.ptr : 0, b: momentum ? b.ptr : 0 };
          const pointers = { w: w.ptr, g: g.ptr, n, lr: lr.ptr, scale: scale.ptr };
          const hyper = { lrScale: 0.5, rate: sums ? 1 : 1 - alpha, eps, weightDecay, momentum, initial };
          const more = { sums: Number(sums), correction: sums ? correction.ptr : 0 };
          callSplit(harness, "f32_rmsprop", { ...pointers, ...state, ...hyper, ...more }, threads);
        }
        return [w, v, a, b];
      });
      const exact = Float64Array.from(start);
      const state = { v: new Float64Array(n), a: new Float64Array(n), b: new Float64Array(n) };
      const used = { v: state.v, a: centered ? state.a : undefined, b: momentum ? state.b : undefined };
      const options = { lr: sums ? 0.0025 : 0.01, alpha, eps, weightDecay, momentum, initial, sums };
      for (let step = 1; step <= STEPS; step++) rmspropStep(exact, scaled(gradientOf(n, step)), used, options);
      expectClose(w, exact, 2e-5, 1);
      expectClose(v, state.v, 1e-6, 0);
      expectClose(a, state.a, 1e-6, 0.1);
      expectClose(b, state.b, 2e-4, 1);
    });
  });

  describe.each([
    { weightDecay: 0, beta1: 0.9, beta2: 0.99 },
    { weightDecay: 0.3, beta1: 0.9, beta2: 0.99 },
    { weightDecay: 0.3, beta1: 0.95, beta2: 0.98 },
  ])("Lion %j", ({ beta1, beta2, weightDecay }) => {
    test.each(LENGTHS)(`%i weights, ${STEPS} steps`, (n) => {
      const start = normals(n, 1);
      // No gradient and no momentum: a weight only decays.
      const gradient = (step: number) => gradientOf(n, step).map((g, i) => (i % 7 === 3 ? 0 : g));
      const [w, m] = runSplit(harness, (threads) => {
        const [w, m] = [harness.f32(start), harness.f32(new Float32Array(n))];
        const [lr, scale, g] = [harness.f32([0.02]), harness.f32([SCALE]), harness.f32(n)];
        for (let step = 1; step <= STEPS; step++) {
          write(g, gradient(step));
          const pointers = { w: w.ptr, g: g.ptr, m: m.ptr, n, lr: lr.ptr, scale: scale.ptr };
          const hyper = { lrScale: 0.5, rate1: 1 - beta1, rate2: 1 - beta2, weightDecay };
          callSplit(harness, "f32_lion", { ...pointers, ...hyper }, threads);
        }
        return [w, m];
      });
      const [exact, momentum] = [Float64Array.from(start), new Float64Array(n)];
      for (let step = 1; step <= STEPS; step++)
        lionStep(exact, scaled(gradient(step)), momentum, { lr: 0.01, beta1, beta2, weightDecay });
      expectClose(w, exact, 1e-6, 1);
      expectClose(m, momentum, 1e-6, 0.1);
    });
  });

  test.each(LENGTHS)("moving average of %i weights", (n) => {
    const [w, old] = [normals(n, 1), normals(n, 2)];
    const [ema] = runSplit(harness, (threads) => {
      const [a, ema] = [harness.f32(w), harness.f32(old)];
      const rate = harness.f32([1 - 0.9999]);
      callSplit(harness, "f32_ema", { w: a.ptr, ema: ema.ptr, n, rate: rate.ptr }, threads);
      return [ema];
    });
    expectClose(
      ema,
      Float64Array.from(w, (v, i) => 0.9999 * old[i] + (1 - 0.9999) * v),
      1e-7,
    );
  });

  describe("gradient norm", () => {
    function run(g: ArrayLike<number>, maxNorm: number, lossValue?: number) {
      harness.reset();
      const [a, norm, scale] = [harness.f32(g), harness.f32(1), harness.f32(1)];
      const [loss, status] = [lossValue === undefined ? 0 : harness.f32([lossValue]).ptr, harness.f32([0])];
      const partial = harness.partial(cuts.gradNorm(g.length));
      const outputs = { norm: norm.ptr, scale: scale.ptr, status: status.ptr, ...partial };
      harness.call("f32_grad_norm", { g: a.ptr, n: g.length, maxNorm, loss, ...outputs });
      harness.checkBands();
      return { norm: norm.read()[0], scale: scale.read()[0], status: new Int32Array(status.read().buffer)[0] };
    }
    const lengthOf = (g: ArrayLike<number>): number => Math.sqrt(Array.from(g).reduce((sum, v) => sum + v * v, 0));

    test.each([1, 3, 15, 16, 17, 16383, 16384, 16385, 100003])("%i gradients", (n) => {
      const g = normals(n, n);
      const exact = lengthOf(g);
      expect(run(g, 0, 1)).toEqual({ norm: Math.fround(exact), scale: 1, status: 0 });
      const clipped = run(g, exact / 3);
      expect(clipped.scale).toBeCloseTo(1 / 3, 5);
      expect(run(g, exact * 3).scale).toBe(1);
    });

    test("squares neither overflow nor vanish", () => {
      expect(run([3e30, 4e30], 0)).toEqual({ norm: Math.fround(5e30), scale: 1, status: 0 });
      expect(run([3e-30, 4e-30], 0).norm).toBe(Math.fround(5e-30));
    });

    test.each([NaN, Infinity, -Infinity])("%d among gradients or as loss sets the status", (bad) => {
      expect(run([1, 2, bad, 3, 4], 1, 0.5).status).toBe(1);
      expect(run([1, 2, 3, 4, 5], 1, bad).status).toBe(1);
      expect(run([1, 2, 3, 4, 5], 1, 0.5).status).toBe(0);
    });

    test("a status that is set stays set", () => {
      harness.reset();
      const [g, out, status] = [harness.f32([1]), harness.f32(2), harness.i32([1])];
      const partial = harness.partial(cuts.gradNorm(1));
      const outputs = { norm: out.ptr, scale: out.ptr + 4, status: status.ptr, ...partial };
      harness.call("f32_grad_norm", { g: g.ptr, n: 1, maxNorm: 0, loss: 0, ...outputs });
      expect(new Int32Array(status.read().buffer)[0]).toBe(1);
    });
  });
});
