import { describe, expect, test } from "vitest";
import { REGRESSION_LOSSES } from "../../src/abi/enums.js";
import { crossEntropyPartial, cuts } from "../../src/abi/partials.js";
import { Philox } from "../../src/core/random.js";
import { callSplit, expectClose, finiteDifference, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import {
  crossEntropy,
  crossEntropyDx,
  logSoftmax,
  type RegressionKind,
  regressionLoss,
  regressionLossDx,
  softmax,
  targetRows,
  weighClasses,
} from "../support/reference/losses.js";

const SHAPES: [number, number][] = [
  [1, 1],
  [1, 3],
  [5, 4],
  [32, 10],
  [128, 10],
  [7, 100],
  [3, 1000],
];

/** Random class indices, or rows of probabilities. */
function targets(rows: number, cols: number, probabilities: boolean): Float32Array | Int32Array {
  if (probabilities) return Float32Array.from(softmax(normals(rows * cols, 9, 2), rows, cols));
  const random = new Philox(8);
  return Int32Array.from({ length: rows }, () => random.integer(cols));
}

describe.each(variants)("cross-entropy, %s", (variant) => {
  const harness = Harness.create(variant);

  function run(
    x: ArrayLike<number>,
    target: Float32Array | Int32Array,
    rows: number,
    cols: number,
    smoothing: number,
    by?: { weights: ArrayLike<number>; classes?: ArrayLike<number>; total: number },
  ) {
    const probabilities = Number(target instanceof Float32Array);
    const [loss, lse, dx] = runSplit(harness, (threads) => {
      const logits = harness.f32(x);
      const t = probabilities ? harness.f32(target) : harness.i32(target);
      const [loss, lse, dx] = [harness.f32(1), harness.f32(rows), harness.f32(rows * cols)];
      const partial = harness.f32(crossEntropyPartial(rows) / 4);
      const weighing = {
        weights: by ? harness.f32(by.weights).ptr : 0,
        classes: by?.classes ? harness.f32(by.classes).ptr : 0,
        total: by ? harness.f32([by.total]).ptr : 0,
      };
      const hyper = { rows, cols, probabilities, smoothing, ...weighing };
      const args = { logits: logits.ptr, target: t.ptr, lse: lse.ptr, ...hyper };
      harness.call("f32_cross_entropy", { ...args, loss: loss.ptr, partial: partial.ptr });
      callSplit(harness, "f32_cross_entropy_dx", { ...args, dx: dx.ptr }, threads);
      return [loss, lse, dx];
    });
    return { loss: loss[0], lse, dx };
  }

  describe.each([false, true])("probabilities %s", (probabilities) => {
    test.each(SHAPES)("%i x %i, smoothing 0 and 0.1", (rows, cols) => {
      for (const smoothing of [0, 0.1]) {
        const x = normals(rows * cols, 1, 3);
        const target = targets(rows, cols, probabilities);
        const q = targetRows(target, rows, cols, probabilities, smoothing);
        const { loss, dx } = run(x, target, rows, cols, smoothing);
        expectClose([loss], [crossEntropy(x, q, rows, cols)], 1e-6, 0.1);
        expectClose(dx, crossEntropyDx(x, q, rows, cols), 2e-6, 0.1 / rows);
      }
    });

    test("dx agrees with finite differences", () => {
      const [rows, cols] = [4, 6];
      const x = normals(24, 1, 2);
      const target = targets(rows, cols, probabilities);
      const q = targetRows(target, rows, cols, probabilities, 0.2);
      const { dx } = run(x, target, rows, cols, 0.2);
      expectClose(
        dx,
        finiteDifference((v) => crossEntropy(v, q, rows, cols), x),
      );
    });
  });

  describe.each([false, true])("weights, probabilities %s", (probabilities) => {
    const some = (n: number, seed: number) => Float32Array.from(normals(n, seed), Math.abs);

    test.each(SHAPES)("%i x %i, of rows alone and with those of classes, smoothing 0 and 0.1", (rows, cols) => {
      for (const smoothing of [0, 0.1])
        for (const classes of [undefined, some(cols, 5)]) {
          const x = normals(rows * cols, 1, 3);
          const target = targets(rows, cols, probabilities);
          const by = { weights: some(rows, 4).map((w, i) => (i % 3 === 1 ? 0 : w)), total: 2.5 };
          const plain = targetRows(target, rows, cols, probabilities, smoothing);
          const q = classes ? weighClasses(plain, classes) : plain;
          const { loss, dx } = run(x, target, rows, cols, smoothing, { ...by, ...(classes && { classes }) });
          expectClose([loss], [crossEntropy(x, q, rows, cols, by)], 1e-6, 0.1);
          expectClose(dx, crossEntropyDx(x, q, rows, cols, by), 2e-6, 0.1);
        }
    });

    test("dx agrees with finite differences", () => {
      const [rows, cols] = [4, 6];
      const x = normals(24, 1, 2);
      const target = targets(rows, cols, probabilities);
      const [classes, by] = [some(cols, 5), { weights: [1, 0, 2, 0.5], total: 3 }];
      const q = weighClasses(targetRows(target, rows, cols, probabilities, 0.2), classes);
      const { dx } = run(x, target, rows, cols, 0.2, { ...by, classes });
      expectClose(
        dx,
        finiteDifference((v) => crossEntropy(v, q, rows, cols, by), x),
      );
    });

    test("a row that weighs nothing costs nothing, not even NaN", () => {
      const target = targets(2, 3, probabilities);
      const { loss, dx } = run([NaN, 1, Infinity, 3, 1, 2], target, 2, 3, 0.1, { weights: [0, 1], total: 1 });
      expect([...dx.subarray(0, 3)]).toEqual([0, 0, 0]);
      const q = targetRows(target.slice(target.length / 2), 1, 3, probabilities, 0.1);
      expectClose([loss], [crossEntropy([3, 1, 2], q, 1, 3)]);
      expect(run([NaN, 1, 2], targets(1, 3, probabilities), 1, 3, 0, { weights: [0], total: 1 })).toMatchObject({
        loss: 0,
      });
    });

    test("weights of 1 change no bit", () => {
      const x = normals(70, 1, 3);
      const target = targets(7, 10, probabilities);
      const one = { weights: new Float32Array(7).fill(1), classes: new Float32Array(10).fill(1), total: 7 };
      for (const smoothing of [0, 0.1]) {
        const plain = run(x, target, 7, 10, smoothing);
        expect(run(x, target, 7, 10, smoothing, { weights: one.weights, total: 7 })).toEqual(plain);
        expectClose(run(x, target, 7, 10, smoothing, one).dx, plain.dx, 1e-6);
      }
    });
  });

  test("probability rows need not sum to 1", () => {
    const [rows, cols] = [3, 5];
    const x = normals(15, 1);
    const target = normals(15, 2).map(Math.abs);
    const q = targetRows(target, rows, cols, true, 0.1);
    const { loss, dx } = run(x, target, rows, cols, 0.1);
    expectClose([loss], [crossEntropy(x, q, rows, cols)]);
    expectClose(dx, crossEntropyDx(x, q, rows, cols));
  });

  test("large logits keep the digits of loss and gradient", () => {
    const [rows, cols] = [4, 10];
    const x = normals(40, 3, 2, 50000).map(Math.fround);
    const target = targets(rows, cols, false);
    const q = targetRows(target, rows, cols, false, 0);
    const { loss, lse, dx } = run(x, target, rows, cols, 0);
    expectClose([loss], [crossEntropy(x, q, rows, cols)]);
    expectClose(dx, crossEntropyDx(x, q, rows, cols));
    // lse is relative to the row's largest logit: minus the largest log-softmax.
    const logs = logSoftmax(x, rows, cols);
    const expected = Array.from({ length: rows }, (_, i) => -Math.max(...logs.subarray(i * cols, (i + 1) * cols)));
    expectClose(lse, expected);
  });

  test("an impossible class costs nothing unless it is the target", () => {
    const x = [1, -Infinity, 2];
    expect(run(x, new Int32Array([0]), 1, 3, 0).loss).toBeCloseTo(Math.log(1 + Math.E), 6);
    expect(run(x, new Int32Array([1]), 1, 3, 0).loss).toBe(Infinity);
  });

  test("a NaN in the logits makes the loss NaN", () => {
    expect(run([1, 2, NaN, 3], new Int32Array([0, 0]), 2, 2, 0).loss).toBeNaN();
  });

  test("dx in place of the logits", () => {
    const x = normals(30, 1);
    const target = targets(3, 10, false);
    const { lse, dx } = run(x, target, 3, 10, 0.1);
    harness.reset();
    const [logits, t, l] = [harness.f32(x), harness.i32(target), harness.f32(lse)];
    const args = { logits: logits.ptr, target: t.ptr, lse: l.ptr, dx: logits.ptr, weights: 0, classes: 0, total: 0 };
    harness.call("f32_cross_entropy_dx", { ...args, rows: 3, cols: 10, probabilities: 0, smoothing: 0.1 });
    expect(logits.read()).toEqual(dx);
  });
});

describe.each(variants)("regression losses, %s", (variant) => {
  const harness = Harness.create(variant);

  function run(
    x: ArrayLike<number>,
    target: ArrayLike<number>,
    kind: RegressionKind,
    param: number,
    by?: { weights: ArrayLike<number>; total: number },
  ) {
    const n = x.length;
    const [loss, dx] = runSplit(harness, (threads) => {
      const [a, t, loss, dx] = [harness.f32(x), harness.f32(target), harness.f32(1), harness.f32(n)];
      const partial = harness.partial(cuts.regressionLoss(n));
      const [weights, total] = by ? [harness.f32(by.weights).ptr, harness.f32([by.total]).ptr] : [0, 0];
      const args = { x: a.ptr, target: t.ptr, n, kind: REGRESSION_LOSSES[kind], param, weights, total };
      harness.call("f32_regression_loss", { ...args, loss: loss.ptr, ...partial });
      callSplit(harness, "f32_regression_loss_dx", { ...args, dx: dx.ptr }, threads);
      return [loss, dx];
    });
    return { loss: loss[0], dx };
  }

  describe.each(["mse", "bceWithLogits", "huber"] as const)("%s", (kind) => {
    test.each([1, 3, 4, 17, 100, 4095, 4096, 4097, 50001])("%i elements", (n) => {
      const x = normals(n, 1, 2);
      const target = normals(n, 2).map((v) => (kind === "bceWithLogits" ? 1 / (1 + Math.exp(-v)) : v));
      const { loss, dx } = run(x, target, kind, 0.7);
      expectClose([loss], [regressionLoss(x, target, kind, Math.fround(0.7))], 1e-6);
      expectClose(dx, regressionLossDx(x, target, kind, Math.fround(0.7)), 2e-6, 0.1 / n);
    });

    test("dx agrees with finite differences", () => {
      const x = normals(20, 1, 2);
      const target = normals(20, 2).map((v) => Math.fround(Math.abs(v) % 1));
      const { dx } = run(x, target, kind, 0.5);
      expectClose(
        dx,
        finiteDifference((v) => regressionLoss(v, target, kind, 0.5), x),
      );
    });

    test.each([1, 3, 17, 4097])("%i elements with weights", (n) => {
      const x = normals(n, 1, 2);
      const target = normals(n, 2).map((v) => 1 / (1 + Math.exp(-v)));
      const by = { weights: normals(n, 3).map((w, i) => (i % 4 === 1 ? 0 : Math.abs(w))), total: 0.75 * n };
      const { loss, dx } = run(x, target, kind, 0.7, by);
      expectClose([loss], [regressionLoss(x, target, kind, Math.fround(0.7), by)], 1e-6);
      expectClose(dx, regressionLossDx(x, target, kind, Math.fround(0.7), by), 2e-6, 0.1 / n);
      expect(run(x, target, kind, 0.7, { weights: x.map(() => 1), total: n })).toEqual(run(x, target, kind, 0.7));
    });

    test("what weighs nothing costs nothing, not even NaN", () => {
      const { loss, dx } = run([1, NaN, Infinity], [0, 0, 0], kind, 1, { weights: [2, 0, 0], total: 2 });
      expectClose([loss], [regressionLoss([1], [0], kind, 1)], 1e-6);
      expect([...dx.subarray(1)]).toEqual([0, 0]);
    });

    test("NaN reaches the loss", () => {
      expect(run([1, NaN, 2], [0, 0, 0], kind, 1).loss).toBeNaN();
    });
  });

  test("binary cross-entropy of large logits neither overflows nor loses its small values", () => {
    expect(run([100], [0], "bceWithLogits", 0).loss).toBe(100);
    expect(run([-20], [0], "bceWithLogits", 0).loss / Math.log1p(Math.exp(-20))).toBeCloseTo(1, 6);
    expect(run([-200], [0], "bceWithLogits", 0).loss).toBe(0);
    expect(run([3e38], [1], "bceWithLogits", 0).loss).toBe(0);
  });
});
