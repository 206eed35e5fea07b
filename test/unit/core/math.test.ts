import { describe, expect, test } from "vitest";
import { cos, exp, ipow, log } from "../../../src/core/math.js";
import { Philox } from "../../../src/core/random.js";

/** Distance of neighbouring float64 numbers at |x|. */
const ulp = (x: number): number => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -1022) - 52);

/** Math.* of V8 is within 1 ULP itself, so two correct implementations differ by less than 2. */
function expectClose(own: (x: number) => number, built: (x: number) => number, draw: (random: Philox) => number): void {
  const random = new Philox(11);
  let worst = 0;
  for (let i = 0; i < 50000; i++) {
    const x = draw(random);
    const [got, expected] = [own(x), built(x)];
    const error = Math.abs(got - expected) / ulp(expected);
    if (!(error < 1.5)) expect(got, `at ${x}`).toBe(expected);
    worst = Math.max(worst, error);
  }
  expect(worst).toBeLessThan(1.5);
}

const between = (low: number, high: number) => (random: Philox) => low + ((high - low) * random.u32()) / 2 ** 32;

describe("deterministic math follows Math.*", () => {
  test.each([
    ["log near 1", log, Math.log, between(0.5, 2)],
    ["log", log, Math.log, (random: Philox) => 2 ** Math.floor(between(-1060, 1020)(random)) * between(1, 2)(random)],
    ["exp near 0", exp, Math.exp, between(-1, 1)],
    ["exp", exp, Math.exp, between(-740, 709)],
    ["cos in the first period", cos, Math.cos, between(-6.3, 6.3)],
    ["cos", cos, Math.cos, between(-1e6, 1e6)],
  ] as const)("%s", (_, own, built, draw) => expectClose(own, built, draw));

  test("special values", () => {
    expect([log(0), log(-1), log(Infinity), log(NaN), log(1), log(5e-324)]).toEqual([
      -Infinity,
      NaN,
      Infinity,
      NaN,
      0,
      Math.log(5e-324),
    ]);
    expect([exp(-Infinity), exp(Infinity), exp(NaN), exp(0), exp(710), exp(-746)]).toEqual([
      0,
      Infinity,
      NaN,
      1,
      Infinity,
      0,
    ]);
    expect(exp(709.7827)).toBeCloseTo(Math.exp(709.7827), -296);
    expect([cos(0), cos(1e6), cos(NaN), cos(Infinity)]).toEqual([1, NaN, NaN, NaN]);
  });

  test("ipow", () => {
    expect([ipow(2, 10), ipow(2, -2), ipow(-3, 3), ipow(5, 0), ipow(0.5, 1074)]).toEqual([1024, 0.25, -27, 1, 5e-324]);
    expect(ipow(0.999, 10000)).toBeCloseTo(0.999 ** 10000, 15);
  });
});
