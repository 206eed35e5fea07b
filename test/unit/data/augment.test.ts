import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../../../src/core/errors.js";
import { Philox } from "../../../src/core/random.js";
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from "../../../src/data/image/color.js";
import { beta } from "../../../src/data/image/mix.js";
import {
  arrayDataset,
  augment,
  colorJitter,
  cutmix,
  cutout,
  horizontalFlip,
  type ImageAugmentation,
  mixup,
  normalise,
  randomCrop,
  randomErasing,
  randomResizedCrop,
  subset,
} from "../../../src/faces/data.js";
import { image } from "./picture.js";
import { read } from "./read.js";

const golden = JSON.parse(readFileSync(new URL("../../golden/images/images.json", import.meta.url), "utf8"));

/** Images of 6 x 4, whose pixel (row, column), channel c is 1 + its place, and 1000 more for each image. */
const places = (count: number, channels = 3) => {
  const size = 24 * channels;
  const x = Float32Array.from({ length: count * size }, (_, i) => 1 + (i % size) + 1000 * Math.floor(i / size));
  const y = Array.from({ length: count }, (_, i) => i % 4);
  return arrayDataset({ x, y, classes: 4, inputShape: [6, 4, channels] });
};

/** What `augmentation` makes of image 0 in many epochs. */
const outcomes = (augmentation: ImageAugmentation, epochs: number, channels = 1): Float32Array[] => {
  const dataset = augment(places(1, channels), [augmentation], { seed: 1 });
  return Array.from({ length: epochs }, (_, epoch) => read(dataset, [0], epoch).x);
};

describe("augment", () => {
  const all = [
    randomCrop({ padding: 2 }),
    horizontalFlip(),
    cutout({ size: 2 }),
    randomResizedCrop(),
    randomErasing({ value: "random" }),
  ];

  it("depends on seed, epoch and index alone", () => {
    const dataset = augment(places(8), all, { seed: 4 });
    const whole = read(dataset, undefined, 3).x;
    const parts = [...read(dataset, [5], 3).x, ...read(dataset, [2, 7], 3).x];
    expect(parts).toEqual([5, 2, 7].flatMap((i) => [...whole.subarray(72 * i, 72 * (i + 1))]));
    expect(read(augment(places(8), all, { seed: 4 }), undefined, 3).x).toEqual(whole);
    expect(read(dataset, undefined, 4).x).not.toEqual(whole);
    expect(read(augment(places(8), all, { seed: 5 }), undefined, 3).x).not.toEqual(whole);
    expect(read(subset(dataset, [5]), [0], 3).x).toEqual(whole.subarray(72 * 5, 72 * 6));
  });

  it("counts calls where there is no epoch", () => {
    const dataset = augment(places(8), all);
    expect(read(dataset).x).toEqual(read(dataset, undefined, 0).x);
    expect(read(dataset).x).toEqual(read(dataset, undefined, 1).x);
  });

  it("leaves the data, and what lies after a batch, alone", () => {
    const source = places(2);
    const before = read(source).x;
    const x = new Float32Array(100).fill(-5);
    augment(source, all).get([1], x, new Int32Array(1), 0);
    expect(x.subarray(72).every((value) => value === -5)).toBe(true);
    expect(read(source).x).toEqual(before);
  });

  it("refuses what it cannot do", () => {
    const flat = arrayDataset({ x: [1, 2], y: [0], classes: 1, inputShape: [2] });
    expect(() => augment(flat, [horizontalFlip()])).toThrow(
      "inputShape expected [height, width, channels], got [2]. Load the images with",
    );
    expect(() => augment(places(1, 1), [colorJitter({ hue: 0.1 })])).toThrow(ShapeError);
    expect(() => augment(places(1), [mixup(), horizontalFlip()])).toThrow("mixup and cutmix after all others");
    expect(() => augment(places(1), ["flip"] as never)).toThrow(ArgumentError);
    expect(() => augment(places(1), [], { seed: -1 })).toThrow(ArgumentError);
    const bad: (() => unknown)[] = [
      () => randomCrop({ padding: 0 }),
      () => randomCrop({} as never),
      () => horizontalFlip({ p: 1.5 }),
      () => horizontalFlip({ probability: 1 } as never),
      () => randomResizedCrop({ scale: [0.5, 2] }),
      () => randomResizedCrop({ ratio: [2, 1] }),
      () => randomErasing({ value: "noise" as never }),
      () => cutout({ size: 0 }),
      () => colorJitter({ hue: 0.6 }),
      () => colorJitter({ brightness: -1 }),
      () => colorJitter({ contrast: [2, 1] }),
      () => mixup({ alpha: 0 }),
      () => cutmix({ p: -1 }),
    ];
    for (const make of bad) expect(make, String(make)).toThrow(ArgumentError);
  });
});

describe("geometry", () => {
  it("randomCrop shifts by up to the padding, evenly, and fills with the given value", () => {
    const shifts = new Map<string, number>();
    for (const x of outcomes(randomCrop({ padding: 2, fill: -1 }), 500)) {
      // Every pixel that is not fill tells the shift; all must agree.
      const found = new Set<string>();
      for (const [i, value] of x.entries()) {
        if (value === -1) continue;
        const from = value - 1;
        found.add(`${Math.floor(from / 4) - Math.floor(i / 4)},${(from % 4) - (i % 4)}`);
      }
      expect(found.size).toBe(1);
      const [shift] = found;
      const [down, right] = shift!.split(",").map(Number) as [number, number];
      expect(x.filter((value) => value === -1).length).toBe(24 - (6 - Math.abs(down)) * (4 - Math.abs(right)));
      shifts.set(shift!, (shifts.get(shift!) ?? 0) + 1);
    }
    expect(shifts.size).toBe(25);
    expect(Math.max(...shifts.values())).toBeLessThan(45); // 20 expected
    const far = outcomes(randomCrop({ padding: 50 }), 20);
    expect(far.some((x) => x.every((value) => value === 0))).toBe(true);
  });

  it("horizontalFlip mirrors rows, with its probability", () => {
    const mirrored = Float32Array.from({ length: 24 }, (_, i) => 1 + 4 * Math.floor(i / 4) + (3 - (i % 4)));
    let flips = 0;
    for (const x of outcomes(horizontalFlip({ p: 0.3 }), 1000)) {
      if (x[0] !== 1) {
        expect(x).toEqual(mirrored);
        flips++;
      }
    }
    expect(flips).toBeGreaterThan(250);
    expect(flips).toBeLessThan(350);
    expect(outcomes(horizontalFlip({ p: 0 }), 20).every((x) => x[0] === 1)).toBe(true);
    const rgb = outcomes(horizontalFlip({ p: 1 }), 1, 3)[0]!;
    expect([...rgb.subarray(0, 12)]).toEqual([10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3]);
  });

  it("randomResizedCrop stays within the range of the image, and is the identity for the whole", () => {
    const seen = outcomes(randomResizedCrop({ scale: [0.2, 0.6] }), 200);
    for (const x of seen) {
      expect(Math.min(...x)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...x)).toBeLessThanOrEqual(24);
    }
    expect(new Set(seen.map(String)).size).toBeGreaterThan(30);
    const whole = outcomes(randomResizedCrop({ scale: [1, 1], ratio: [4 / 6, 4 / 6] }), 1)[0]!;
    expect([...whole].map(Math.round)).toEqual([...Array(24).keys()].map((i) => i + 1));
    // No box of this ratio fits: the largest in the centre, which is one row of four pixels.
    const wide = outcomes(randomResizedCrop({ scale: [1, 1], ratio: [4, 4] }), 1)[0]!;
    expect([...wide.subarray(0, 4)]).toEqual([9, 10, 11, 12]);
    expect(wide.subarray(20)).toEqual(wide.subarray(0, 4));
  });

  it("cutout takes a clipped square, randomErasing a box within the image", () => {
    for (const x of outcomes(cutout({ size: 2, value: -1 }), 100)) {
      expect([1, 2, 4]).toContain(x.filter((value) => value === -1).length);
    }
    let erased = 0;
    for (const x of outcomes(randomErasing({ p: 0.7, value: -1, scale: [0.1, 0.4] }), 300)) {
      const holes = [...x.keys()].filter((i) => x[i] === -1);
      if (holes.length === 0) continue;
      erased++;
      const rows = new Set(holes.map((i) => Math.floor(i / 4)));
      const columns = new Set(holes.map((i) => i % 4));
      expect(holes.length).toBe(rows.size * columns.size);
      expect(holes.length / 24).toBeLessThan(0.55);
    }
    expect(erased).toBeGreaterThan(170);
    expect(erased).toBeLessThan(250);
    const noisy = outcomes(randomErasing({ p: 1, value: "random" }), 1)[0]!;
    expect(noisy.some((value) => !Number.isInteger(value))).toBe(true);
  });
});

describe("colour", () => {
  it("refuses values that are normalised already: clipping would leave black and white", () => {
    const x = Float32Array.from({ length: 2 * 12 }, (_, i) => i / 24);
    const dataset = arrayDataset({ x, y: Int32Array.of(0, 1), inputShape: [2, 2, 3], classes: 2 });
    const small = normalise(dataset, { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] });
    expect(() => read(augment(small, [colorJitter({ brightness: 0.1 })]))).toThrow(
      "colorJitter: colours expected values of 0 to 1, got -2.5. Put augment before normalise",
    );
    expect(read(normalise(augment(dataset, [colorJitter({ hue: 0.1 })]), { mean: [0.5], std: [0.2] })).x.length).toBe(
      24,
    );
  });

  const functions = {
    brightness: adjustBrightness,
    contrast: adjustContrast,
    saturation: adjustSaturation,
    hue: adjustHue,
  };
  it.each(Object.keys(functions) as (keyof typeof functions)[])("%s as torchvision", (name) => {
    for (const [factor, expected] of golden.colour[name]) {
      const x = Float32Array.from(image(6, 5, 3).data, (value) => value / 255);
      functions[name](x, factor);
      for (const [i, value] of x.entries())
        expect(Math.abs(value - expected[i]), `${name} ${factor}`).toBeLessThan(2e-6);
    }
  });

  it("colorJitter keeps 0 … 1, does nothing when asked for nothing, and varies otherwise", () => {
    const { data } = image(6, 4, 3);
    const dataset = arrayDataset({ x: data, y: [0], classes: 1, inputShape: [4, 6, 3] });
    const jittered = augment(dataset, [
      colorJitter({ brightness: 0.4, contrast: [0.5, 1.5], saturation: 0.4, hue: 0.1 }),
    ]);
    const seen = Array.from({ length: 50 }, (_, epoch) => read(jittered, [0], epoch).x);
    expect(seen.every((x) => x.every((value) => value >= 0 && value <= 1))).toBe(true);
    expect(new Set(seen.map(String)).size).toBe(50);
    expect(read(augment(dataset, [colorJitter({})])).x).toEqual(read(dataset).x);
  });
});

describe("mixing", () => {
  it("mixup mixes images and targets by one share", () => {
    const dataset = augment(places(5), [mixup({ alpha: 0.4 })], { seed: 2 });
    expect(dataset).toMatchObject({ targets: "values", targetShape: [4] });
    const shares = new Set<number>();
    for (let epoch = 0; epoch < 50; epoch++) {
      const { x, y } = read(dataset, [0, 1, 2, 3, 4], epoch);
      const share = 1 - (x[0]! - 1) / 4000; // example 0 with example 4
      shares.add(share);
      for (const [i, partner] of [4, 3, 2, 1, 0].entries()) {
        expect(x[72 * i + 5]).toBeCloseTo(6 + 1000 * (share * i + (1 - share) * partner), 2);
        for (let c = 0; c < 4; c++) {
          const expected = share * (i % 4 === c ? 1 : 0) + (1 - share) * (partner % 4 === c ? 1 : 0);
          expect(y[4 * i + c]).toBeCloseTo(expected, 5);
        }
      }
    }
    expect(shares.size).toBe(50);
    expect([...read(augment(places(3), [mixup({ p: 0 })])).y]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  });

  it("cutmix exchanges a box, and mixes targets by its area", () => {
    const dataset = augment(places(4, 1), [cutmix()], { seed: 3 });
    for (let epoch = 0; epoch < 50; epoch++) {
      const { x, y } = read(dataset, [0, 1, 2, 3], epoch);
      for (const [i, partner] of [3, 2, 1, 0].entries()) {
        let own = 0;
        for (let p = 0; p < 24; p++) {
          const from = Math.floor(x[24 * i + p]! / 1000);
          expect([i, partner]).toContain(from);
          expect(x[24 * i + p]! % 1000).toBe(1 + p);
          if (from === i) own++;
        }
        expect(y[4 * i + i]).toBeCloseTo(own / 24, 5);
        expect(y[4 * i + partner]).toBeCloseTo(1 - own / 24, 5);
      }
    }
  });

  it("works in buffers larger than the batch, over targets of numbers, and under normalise", () => {
    const x = new Float32Array(500).fill(-5);
    const y = new Float32Array(40).fill(-5);
    normalise(augment(places(4), [mixup(), cutmix()]), { mean: [0], std: [1] }).get([3, 1], x, y, 0);
    expect(x.subarray(144).every((value) => value === -5)).toBe(true);
    expect(y.subarray(8).every((value) => value === -5)).toBe(true);
    expect(y.subarray(0, 4).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    const numbers = arrayDataset({ x: new Float32Array(48), y: [10, 20], inputShape: [6, 4, 1] });
    const mixed = read(augment(numbers, [mixup({ alpha: 1 })]), [0, 1], 5).y;
    expect(mixed[0]! + mixed[1]!).toBeCloseTo(30, 4);
    expect(mixed[0]).not.toBe(10);
  });

  it("draws shares from the beta distribution", () => {
    for (const alpha of [0.05, 0.2, 1, 3]) {
      const random = new Philox(1, 5);
      const draws = Array.from({ length: 20_000 }, () => beta(alpha, random));
      const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
      const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
      expect(
        draws.every((share) => share >= 0 && share <= 1),
        String(alpha),
      ).toBe(true);
      expect(mean, String(alpha)).toBeCloseTo(0.5, 1.7);
      expect(variance * 4 * (2 * alpha + 1), String(alpha)).toBeCloseTo(1, 1.4); // 1 / (4 (2 alpha + 1))
    }
  });
});
