/** Networks for tables: numbers told by the bins they lie in, residual blocks, and several networks side by side as one. */
import { Hardsigmoid } from "../nn/activations.js";
import { Concat } from "../nn/branches.js";
import { Linear } from "../nn/linear.js";
import { tabularResNet } from "../nn/mlp.js";
import { Identity, Sequential } from "../nn/sequential.js";

/** A number's piece between two quantiles: how far it is through it, from 0 before to 1 after. */
export interface Bin {
  /** Which input. */
  input: number;
  from: number;
  to: number;
}

export interface TableNetworkOptions {
  inputs: number;
  outputs: number;
  bins: number;
  width: number;
  blocks: number;
  dropout: number;
}

/**
 * At most `most` bins with as many rows in each, by the quantiles of each of the inputs `numbers`; of at least `rowsABin` rows.
 * Where an input has few values, each of them begins a bin.
 */
export function binsOf(
  x: Float32Array,
  inputs: number,
  numbers: readonly number[],
  { most, rowsABin }: { most: number; rowsABin: number },
): Bin[] {
  const rows = x.length / inputs;
  return numbers.flatMap((input) => {
    const sorted = Float32Array.from({ length: rows }, (_, row) => x[row * inputs + input]).sort();
    const values = Array.from(new Set(sorted));
    const count = Math.min(most, Math.max(2, Math.floor(rows / rowsABin)));
    const edges =
      values.length <= count + 1
        ? values
        : [...new Set(Array.from({ length: count + 1 }, (_, i) => sorted[Math.round((i * (rows - 1)) / count)]))];
    return edges.length < 3 ? [] : edges.slice(1).map((to, i): Bin => ({ input, from: edges[i], to }));
  });
}

/** (x - from) / (to - from) between 0 and 1, as a layer's weights: Hardsigmoid is x / 6 + 1 / 2 between them. */
export function binWeights(bins: readonly Bin[], inputs: number) {
  const weight = new Float32Array(bins.length * inputs);
  const bias = new Float32Array(bins.length);
  bins.forEach(({ input, from, to }, i) => {
    const slope = 6 / (to - from);
    weight[i * inputs + input] = slope;
    bias[i] = -slope * from - 3;
  });
  return { weight: { data: weight, shape: [bins.length, inputs] }, bias: { data: bias, shape: [bins.length] } };
}

/** Inputs with bins beside them: piecewise linear encoding (Gorishniy et al. 2022, arXiv:2203.05556). */
function encoding({ inputs, bins }: TableNetworkOptions) {
  if (bins === 0) return new Identity();
  const pieces = new Sequential({ linear: new Linear(inputs, bins), clip: new Hardsigmoid() });
  return new Concat({ values: new Identity(), bins: pieces });
}

/** The ResNet for tables without its last layer, which also sees what the first has seen: a linear model beside a deep one. */
function member(options: TableNetworkOptions) {
  const { outputs, bins, width: d, blocks, dropout } = options;
  const encoded = options.inputs + bins;
  const {
    input_projection,
    blocks: body,
    output,
  } = Object.fromEntries(
    tabularResNet({ in: encoded, out: outputs, d, blocks, hiddenMultiplier: 1, dropout1: dropout }).layers,
  );
  const { normalization, activation } = Object.fromEntries((output as Sequential).layers);
  const deep = new Sequential({ input_projection, blocks: body, normalization, activation });
  return new Sequential({ both: new Concat({ deep, wide: new Identity() }), linear: new Linear(d + encoded, outputs) });
}

/** One network, as it is trained. */
export const tableNetwork = (options: TableNetworkOptions): Sequential =>
  new Sequential({ encoding: encoding(options), member: member(options) });

/** All of them on one input, and what they say on average. */
export function averagedNetwork(options: TableNetworkOptions, members: number): Sequential {
  return new Sequential({
    encoding: encoding(options),
    members: new Concat(Array.from({ length: members }, () => member(options))),
    mean: new Linear(members * options.outputs, options.outputs),
  });
}

/** The last layer of `averagedNetwork`: the mean, times a scale, plus a shift. */
export function meanWeights(members: number, outputs: number, { scale, shift }: { scale: number; shift: number }) {
  const data = new Float32Array(outputs * members * outputs);
  for (let m = 0; m < members; m++)
    for (let c = 0; c < outputs; c++) data[c * members * outputs + m * outputs + c] = scale / members;
  return {
    weight: { data, shape: [outputs, members * outputs] },
    bias: { data: new Float32Array(outputs).fill(shift), shape: [outputs] },
  };
}
