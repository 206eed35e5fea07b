import { describe, expect, test } from "vitest";
import { Philox, philox } from "../../../src/core/random.js";

describe("philox", () => {
  // The known answers of Random123 (kat_vectors, philox4x32 10).
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("counter %j, key %j", (counter, key, words) => {
    const out = new Uint32Array(4);
    philox(counter, key, out);
    expect([...out]).toEqual(words);
  });

  test("seeds beyond 32 bits and streams give different numbers", () => {
    const draws = [
      [0, 0],
      [1, 0],
      [2 ** 32, 0],
      [0, 1],
      [Number.MAX_SAFE_INTEGER, 0],
    ].map(([seed, stream]) => {
      const random = new Philox(seed, stream);
      return `${random.u32()} ${random.u32()} ${random.u32()}`;
    });
    expect(new Set(draws).size).toBe(draws.length);
  });

  test("a saved state goes on at every position of a block", () => {
    for (let taken = 0; taken < 9; taken++) {
      const random = new Philox(5, 7);
      for (let i = 0; i < taken; i++) random.u32();
      const copy = Philox.from(JSON.parse(JSON.stringify(random.state())));
      expect([copy.u32(), copy.normal(), copy.u32()]).toEqual([random.u32(), random.normal(), random.u32()]);
    }
  });
});

describe("distributions", () => {
  const n = 200000;

  test("uniform: in [0, 1), multiples of 2^-24, mean and variance", () => {
    const random = new Philox(1);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < n; i++) {
      const u = random.uniform();
      if (u < 0 || u >= 1 || (u * 2 ** 24) % 1 !== 0) expect(u).toBe("a multiple of 2^-24 in [0, 1)");
      sum += u;
      squares += u * u;
    }
    expect(sum / n).toBeCloseTo(1 / 2, 2); // standard error 6e-4
    expect(squares / n).toBeCloseTo(1 / 3, 2);
  });

  test("normal: the first four moments", () => {
    const random = new Philox(2);
    const moments = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const z = random.normal();
      for (let k = 0; k < 4; k++) moments[k] += z ** (k + 1) / n;
    }
    const standardErrors = [1, 2, 15, 96].map((variance) => Math.sqrt(variance / n));
    [0, 1, 0, 3].forEach((exact, k) => {
      expect(Math.abs(moments[k] - exact), `moment ${k + 1}`).toBeLessThan(4 * standardErrors[k]);
    });
  });

  test("integer: each value as often as the others, also for n that does not divide 2^32", () => {
    const random = new Philox(3);
    const counts = new Float64Array(7);
    for (let i = 0; i < n; i++) counts[random.integer(7)]++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - n / 7) ** 2 / (n / 7), 0);
    expect(chiSquared).toBeLessThan(22.5); // 99.9 % of 6 degrees of freedom
    // 3 * 2^30: a word modulo n would favour the lower third two to one.
    let lower = 0;
    for (let i = 0; i < 3000; i++) if (random.integer(3 * 2 ** 30) < 2 ** 30) lower++;
    expect(lower / 3000).toBeCloseTo(1 / 3, 1);
    expect(random.integer(1)).toBe(0);
    expect(random.integer(2 ** 32)).toBeLessThan(2 ** 32);
  });

  test("shuffle: a permutation, every item at every place equally often", () => {
    const random = new Philox(4);
    const counts = new Float64Array(25);
    for (let round = 0; round < 10000; round++) {
      const items = random.shuffle(new Int32Array([0, 1, 2, 3, 4]));
      expect([...items].sort()).toEqual([0, 1, 2, 3, 4]);
      for (let place = 0; place < 5; place++) counts[items[place] * 5 + place]++;
    }
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200); // 5 standard deviations
    expect(random.shuffle(new Uint32Array(0)).length).toBe(0);
  });
});
