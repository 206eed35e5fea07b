// The files of one group only: the same bits as the file with all kernels, and a stop where a kernel is not among them.
import { describe, expect, test } from "vitest";
import { ACTIVATIONS } from "../../src/abi/enums.js";
import { normals } from "../support/kernels/compare.js";
import { check } from "../support/kernels/gemm-cases.js";
import { Harness, variants } from "../support/kernels/harness.js";

describe.each(variants)("the classic kernels, %s", (variant) => {
  const classic = Harness.create(`classic-${variant}`);
  const all = Harness.create(variant);

  test("multiply as the others do", () => {
    for (const activation of ["none", "relu"] as const)
      check(classic, { kernel: "gemm", m: 13, n: 21, k: 37, bias: true, residual: "apart", activation });
  });

  test("give the bits of the others", () => {
    const x = normals(300, 1);
    const [a, b] = [classic, all].map((harness) => {
      harness.reset();
      const [from, y] = [harness.f32(x), harness.f32(x.length)];
      harness.call("f32_add", {
        a: from.ptr,
        b: from.ptr,
        y: y.ptr,
        n: x.length,
        activation: ACTIVATIONS.relu,
        param: 0,
      });
      return y.read();
    });
    expect(a).toEqual(b);
  });

  // A harness each: whoever stops halfway leaves work claimed.
  test("stop at an activation of another group", () => {
    const harness = Harness.create(`classic-${variant}`);
    const x = harness.f32(normals(64, 2)).ptr;
    const gelu = { x, y: x, n: 64, activation: ACTIVATIONS.gelu, param: 0 };
    expect(() => harness.call("f32_activation", gelu)).toThrow("unreachable");
  });

  test("stop at a kernel of another group", () => {
    const harness = Harness.create(`classic-${variant}`);
    const x = harness.f32(normals(64, 2)).ptr;
    expect(() => harness.call("f32_softmax", { x, y: x, rows: 4, cols: 16, log: 0 })).toThrow("unreachable");
  });
});
