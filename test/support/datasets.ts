// Small datasets for the tests of training.
import type { ClassDataset, ValueDataset } from "../../src/faces/main.js";
import { indices, uniform } from "../golden/generator.js";

/** y = x0 - 2 x1 + 1 on `length` points. */
export function lineDataset(length: number): ValueDataset {
  const points = uniform("line/x", 2 * length);
  return {
    length,
    inputShape: [2],
    targets: "values",
    targetShape: [1],
    get(wanted, x, y) {
      for (let i = 0; i < wanted.length; i++) {
        const [a, b] = points.subarray(2 * wanted[i], 2 * wanted[i] + 2);
        x.set([a, b], 2 * i);
        y[i] = a - 2 * b + 1;
      }
    },
  };
}

export interface Recorded extends ClassDataset {
  /** The indices of every batch so far. */
  batches: number[][];
}

/** Points around `classes` centres; remembers which were asked for. */
export function blobs(length: number, features = 4, classes = 3, name = "blobs"): Recorded {
  const noise = uniform(`${name}/noise`, length * features, 0.7);
  const centres = uniform("blobs/centres", classes * features);
  const labels = indices(`${name}/labels`, length, classes);
  const batches: number[][] = [];
  return {
    length,
    inputShape: [features],
    targets: "class",
    classes,
    batches,
    get(wanted, x, y) {
      batches.push(Array.from(wanted));
      for (let i = 0; i < wanted.length; i++) {
        const label = labels[wanted[i]];
        for (let j = 0; j < features; j++)
          x[i * features + j] = noise[wanted[i] * features + j] + centres[label * features + j];
        y[i] = label;
      }
    },
  };
}
