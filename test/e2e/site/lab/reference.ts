// The dense nets of the laboratory in float64, from their weights by name: independent of the library's kernels and of its layers.
import type { StateDict } from "../../../../src/hosts/node/index.js";

type Vector = number[];

/** The weights of a net, layer after layer, as its state dict has them. */
export function layersOf(state: StateDict): { weight: Vector[]; bias: Vector }[] {
  const names = [...state.keys()].filter((name) => name.endsWith(".weight"));
  return names.map((name) => {
    const { data, shape } = state.get(name)!;
    const [outputs, inputs] = shape;
    const weight = Array.from({ length: outputs }, (_, i) => [...data.subarray(i * inputs, (i + 1) * inputs)]);
    return { weight, bias: [...state.get(name.replace(/weight$/, "bias"))!.data] };
  });
}

const linear = ({ weight, bias }: { weight: Vector[]; bias: Vector }, x: Vector): Vector =>
  weight.map((row, i) => row.reduce((sum, w, j) => sum + w * x[j], bias[i]));
const relu = (x: Vector): Vector => x.map((v) => Math.max(0, v));

/** Logits of one point. `skips`: around each pair of hidden layers. `gone`: hidden layers, or blocks where there are skips, left out. */
export function forward(
  layers: ReturnType<typeof layersOf>,
  point: Vector,
  { skips, gone = -1, seen = [] }: { skips: boolean; gone?: number; seen?: Vector[] },
): Vector {
  let x = relu(linear(layers[0], point));
  seen.push(x);
  const hidden = layers.slice(1, -1);
  if (skips)
    for (let block = 0; block < hidden.length / 2; block++) {
      if (block === gone) continue;
      const inner = relu(linear(hidden[2 * block], x));
      const added = linear(hidden[2 * block + 1], inner);
      x = relu(added.map((v, i) => v + x[i]));
      seen.push(inner, x);
    }
  else
    hidden.forEach((layer, i) => {
      if (i !== gone) x = relu(linear(layer, x));
      seen.push(x);
    });
  return linear(layers[layers.length - 1], x);
}

/** Mean cross-entropy and accuracy. */
export function score(logits: Vector[], labels: ArrayLike<number>): { loss: number; accuracy: number } {
  let [loss, right] = [0, 0];
  logits.forEach((row, i) => {
    const own = row[labels[i]];
    loss += Math.log(row.reduce((sum, v) => sum + Math.exp(v - own), 0));
    right += Number(row.every((v, j) => j === labels[i] || v < own));
  });
  return { loss: loss / logits.length, accuracy: right / logits.length };
}

export const pointsOf = (x: Float32Array): Vector[] =>
  Array.from({ length: x.length / 2 }, (_, i) => [x[2 * i], x[2 * i + 1]]);
