import { describe, expect, test } from "vitest";
import { ACTIVATIONS, type ActivationName } from "../../src/abi/enums.js";
import { callSplit, expectClose, finiteDifference, normals, runSplit } from "../support/kernels/compare.js";
import { Harness, variants } from "../support/kernels/harness.js";
import { ACTIVATION_NAMES, activations, FROM_OUTPUT } from "../support/reference/activations.js";

/** Lengths around vectors, unrolled loops and thread borders. */
const LENGTHS = [1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 63, 64, 65, 100, 257, 1000];
const PARAM: Partial<Record<ActivationName, number>> = { leakyRelu: 0.2, elu: 1.3, softplus: 1.7 };

describe.each(variants)("elementwise, %s", (variant) => {
  const harness = Harness.create(variant);

  describe.each(ACTIVATION_NAMES)("%s", (name) => {
    const code = ACTIVATIONS[name];
    const param = PARAM[name] ?? 0;
    const { y: f, dx: df } = activations[name];

    test.each(LENGTHS)("y, dx and act(a + b) of %i elements", (n) => {
      const x = normals(n, n, 3);
      const dy = normals(n, n + 1);
      const [y, dx, sum] = runSplit(harness, (threads) => {
        const [a, b, zero] = [harness.f32(x), harness.f32(dy), harness.f32(new Float32Array(n))];
        const [y, dx, sum] = [harness.f32(n), harness.f32(n), harness.f32(n)];
        callSplit(harness, "f32_activation", { x: a.ptr, y: y.ptr, n, activation: code, param }, threads);
        const source = FROM_OUTPUT.includes(name) ? y.ptr : a.ptr;
        const args = { dy: b.ptr, source, dx: dx.ptr, n, activation: code, param };
        callSplit(harness, "f32_activation_dx", args, threads);
        callSplit(harness, "f32_add", { a: a.ptr, b: zero.ptr, y: sum.ptr, n, activation: code, param }, threads);
        return [y, dx, sum];
      });
      expectClose(
        y,
        [...x].map((v) => f(v, param)),
        1e-6,
        1,
      );
      expectClose(
        dx,
        [...x].map((v, i) => dy[i] * df(v, param)),
        2e-6,
        1,
      );
      expect(sum).toEqual(y);
    });

    test("dx agrees with finite differences", () => {
      const n = 64;
      const x = normals(n, 3, 2).map((v) => ([0, 3, 6].some((kink) => Math.abs(Math.abs(v) - kink) < 1e-3) ? 0.5 : v));
      const dy = normals(n, 4);
      harness.reset();
      const source = FROM_OUTPUT.includes(name) ? x.map((v) => f(v, param)) : x;
      const [g, s, dx] = [harness.f32(dy), harness.f32(source), harness.f32(n)];
      harness.call("f32_activation_dx", { dy: g.ptr, source: s.ptr, dx: dx.ptr, n, activation: code, param });
      const loss = (v: Float64Array) => v.reduce((total, value, i) => total + dy[i] * f(value, param), 0);
      expectClose(dx.read(), finiteDifference(loss, x));
    });

    test("NaN goes through", () => {
      harness.reset();
      const x = harness.f32([NaN, 1, -1, NaN, NaN, 2]);
      const [y, sum] = [harness.f32(6), harness.f32(6)];
      harness.call("f32_activation", { x: x.ptr, y: y.ptr, n: 6, activation: code, param });
      harness.call("f32_add", { a: x.ptr, b: x.ptr, y: sum.ptr, n: 6, activation: code, param });
      const holes = [true, false, false, true, true, false];
      expect([...y.read()].map(Number.isNaN)).toEqual(holes);
      expect([...sum.read()].map(Number.isNaN)).toEqual(holes);
    });
  });

  test.each(["relu", "gelu"] as const)("%s in place", (name) => {
    const n = 203;
    const [x, dy] = [normals(n, 1), normals(n, 2)];
    const activation = ACTIVATIONS[name];
    harness.reset();
    const [a, b, y, dx] = [harness.f32(x), harness.f32(dy), harness.f32(n), harness.f32(n)];
    harness.call("f32_activation", { x: a.ptr, y: y.ptr, n, activation, param: 0 });
    harness.call("f32_activation_dx", { dy: b.ptr, source: a.ptr, dx: dx.ptr, n, activation, param: 0 });
    const [bySource, byGradient] = [harness.f32(x), harness.f32(dy)];
    harness.call("f32_activation_dx", { dy: b.ptr, source: bySource.ptr, dx: bySource.ptr, n, activation, param: 0 });
    harness.call("f32_activation_dx", {
      dy: byGradient.ptr,
      source: a.ptr,
      dx: byGradient.ptr,
      n,
      activation,
      param: 0,
    });
    expect(bySource.read()).toEqual(dx.read());
    expect(byGradient.read()).toEqual(dx.read());
    harness.call("f32_activation", { x: a.ptr, y: a.ptr, n, activation, param: 0 });
    expect(a.read()).toEqual(y.read());
    harness.checkBands();
  });

  test("a skip connection may be added in place of either operand", () => {
    const n = 131;
    const [a, b] = [normals(n, 1), normals(n, 2)];
    const sum = a.map((v, i) => Math.max(v + b[i], 0));
    for (const target of [0, 1]) {
      harness.reset();
      const operands = [harness.f32(a), harness.f32(b)];
      const y = operands[target].ptr;
      harness.call("f32_add", { a: operands[0].ptr, b: operands[1].ptr, y, n, activation: ACTIVATIONS.relu, param: 0 });
      expect(operands[target].read()).toEqual(sum);
      harness.checkBands();
    }
  });

  test("the mask of ReLU drops infinite gradients", () => {
    harness.reset();
    const [dy, y, dx] = [harness.f32([Infinity, NaN, Infinity, 5]), harness.f32([0, 0, 1, NaN]), harness.f32(4)];
    const args = { dy: dy.ptr, source: y.ptr, dx: dx.ptr, n: 4, activation: ACTIVATIONS.relu, param: 0 };
    harness.call("f32_activation_dx", args);
    expect([...dx.read()]).toEqual([0, 0, Infinity, 5]);
  });
});
