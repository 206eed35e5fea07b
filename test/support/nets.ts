// What the tests of whole networks share.
import type { Layer } from "../../src/faces/main.js";
import { describeNetwork } from "../../src/model/engine.js";
import { stateNames } from "../../src/model/state.js";
import { stepMacs } from "../../src/plan/cost.js";
import { type Fingerprint, fingerprint } from "../golden/load.js";
import type { GoldenState } from "../golden/load-nets.js";

/** A network without weights: names and shapes of its state dict, parameters, multiply-adds for one sample. */
export function count(network: Layer, inputShape: number[]) {
  const { plan, ...description } = describeNetwork(network, inputShape);
  const state = stateNames(description).map(({ entry: { name, shape } }) => ({ name, shape: [...shape] }));
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const parameters = description.parameters.reduce((sum, { shape }) => sum + size(shape), 0);
  return { state, parameters, macs: stepMacs(plan.graph, [...plan.prepare, ...plan.step]) };
}

/** The names and shapes of a golden state, with the counters that it leaves out. */
export function withCounters(golden: GoldenState): { name: string; shape: number[] }[] {
  return [...golden].flatMap(([name, { shape }]) =>
    name.endsWith("running_var")
      ? [
          { name, shape },
          { name: name.replace("running_var", "num_batches_tracked"), shape: [] },
        ]
      : [{ name, shape }],
  );
}

/** Gradient of the mean cross-entropy over rows of logits, and the loss, in float64. */
export function crossEntropyDx(logits: ArrayLike<number>, labels: ArrayLike<number>, classes: number) {
  const rows = labels.length;
  const dx = new Float32Array(rows * classes);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const row = Array.from({ length: classes }, (_, j) => logits[i * classes + j]);
    const most = Math.max(...row);
    const total = row.reduce((sum, v) => sum + Math.exp(v - most), 0);
    loss += (Math.log(total) + most - row[labels[i]]) / rows;
    row.forEach((v, j) => {
      dx[i * classes + j] = (Math.exp(v - most) / total - Number(j === labels[i])) / rows;
    });
  }
  return { loss, dx };
}

/**
 * The relative L2 error of a tensor as its fingerprint lets it be known. A projection on uniform numbers, of variance 1/3,
 * shows 1/√3 of it. A sum shows up to √n times an error that all elements share, as the weights in front of a BatchNorm
 * do: their gradients nearly cancel, and PyTorch's own sums are off by 10 times its relative error. So it is divided.
 */
export function relativeError(actual: ArrayLike<number>, expected: Fingerprint): number {
  const found = fingerprint(expected.name, actual);
  const n = actual.length;
  const parts = [
    (found.sum - expected.sum) / Math.sqrt(n),
    found.norm - expected.norm,
    ...found.projections.map((p, k) => (p - expected.projections[k]) * Math.sqrt(3)),
    ...found.slice.map((v, i) => (v - expected.slice[i]) * Math.min(Math.sqrt(n), expected.norm / Math.abs(v))),
  ];
  return Math.max(...parts.map(Math.abs)) / (expected.norm || 1e-30);
}
