import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../../src/core/errors.js";
import { glyphs, subset } from "../../../src/faces/data.js";
import { read } from "./read.js";

const sha256 = (data: Float32Array): string => createHash("sha256").update(new Uint8Array(data.buffer)).digest("hex");

describe("glyphs", () => {
  it("draws the same pixels everywhere", () => {
    const dataset = glyphs({ count: 200, seed: 3 });
    expect(dataset).toMatchObject({ length: 200, inputShape: [784], classes: 10 });
    const { x, y } = read(dataset);
    expect([...y.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    expect(x.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(sha256(x)).toBe("f30f54098b5918860711cd0fd2aed21d8c7ba5788a57f089e8763606f94440cd");
  });

  it("draws an example alike however many there are, and otherwise by seed, noise, size", () => {
    const few = glyphs({ count: 5 });
    const many = glyphs({ count: 50 });
    expect(read(subset(many, [0, 1, 2, 3, 4])).x).toEqual(read(few).x);
    expect(read(glyphs({ count: 5, seed: 1 })).x).not.toEqual(read(few).x);
    expect(glyphs({ count: 3, classes: 2, size: 16, flatten: false })).toMatchObject({
      inputShape: [16, 16, 1],
      classes: 2,
    });
    const clean = read(glyphs({ count: 100, noise: 0 })).x;
    const paper = clean.filter((value) => value === 0).length / clean.length;
    expect(paper).toBeGreaterThan(0.6);
    expect(paper).toBeLessThan(0.95);
  });

  it("keeps every glyph on the page", () => {
    const { x } = read(glyphs({ count: 2000, noise: 0 }));
    let [edge, all] = [0, 0];
    for (let i = 0; i < x.length; i++) {
      const [row, column] = [Math.floor((i % 784) / 28), i % 28];
      all += x[i]!;
      if (row === 0 || column === 0 || row === 27 || column === 27) edge += x[i]!;
    }
    expect(edge / all).toBeLessThan(0.01);
  });

  // A straight line through pixel space must not do well, or no experiment with depth would show anything; the classes
  // must be apart nevertheless. Least squares by stochastic steps on softmax regression, float64, plain loops.
  it("is beyond a linear classifier, but not by much", () => {
    const train = read(glyphs({ count: 4000 }));
    const test = read(glyphs({ count: 1000, seed: 1 }));
    const weights = new Float64Array(10 * 785);
    const logits = new Float64Array(10);
    const forward = (x: Float32Array, i: number): number => {
      let best = 0;
      for (let c = 0; c < 10; c++) {
        let sum = weights[c * 785 + 784]!;
        for (let p = 0; p < 784; p++) sum += weights[c * 785 + p]! * x[i * 784 + p]!;
        logits[c] = sum;
        if (sum > logits[best]!) best = c;
      }
      return best;
    };
    for (let step = 0; step < 6 * 4000; step++) {
      const i = (step * 1237) % 4000;
      const best = forward(train.x, i);
      const largest = logits[best]!;
      const total = logits.reduce((sum, value) => sum + Math.exp(value - largest), 0);
      for (let c = 0; c < 10; c++) {
        const slope = 0.02 * (Math.exp(logits[c]! - largest) / total - (train.y[i] === c ? 1 : 0));
        for (let p = 0; p < 784; p++) weights[c * 785 + p]! -= slope * train.x[i * 784 + p]!;
        weights[c * 785 + 784]! -= slope;
      }
    }
    let right = 0;
    for (let i = 0; i < 1000; i++) if (forward(test.x, i) === test.y[i]) right++;
    expect(right / 1000).toBeGreaterThan(0.6);
    expect(right / 1000).toBeLessThan(0.85);
  });

  it("draws 10,000 images in less than 2 s of processor time", () => {
    const start = process.cpuUsage();
    glyphs({ count: 10_000 });
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(2000);
  });

  it("refuses bad options", () => {
    for (const options of [
      {},
      { count: 0 },
      { count: 1, classes: 0 },
      { count: 1, size: 4 },
      { count: 1, noise: -1 },
      { count: 1, seed: -1 },
      { count: 1, colour: true },
    ]) {
      expect(() => glyphs(options as never), JSON.stringify(options)).toThrow(ArgumentError);
    }
    expect(() => glyphs({ count: 0.5 })).toThrow("glyphs: count expected an integer of at least 1, got 0.5");
  });
});
