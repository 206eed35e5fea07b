// What every machine of the tests opens by the name { module: "data.js" }: made pictures, and digits drawn by a program.
import { arrayDataset, augment, cutout, glyphs, horizontalFlip } from "resnet-wasm/data";

/** Pictures of noise around a colour and a gradient of their class, from a generator without any Math function. */
export default function pictures({ count = 2000, side = 32, classes = 10, seed = 1, augmented = false } = {}) {
  let state = seed >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const x = new Float32Array(count * side * side * 3);
  const y = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    y[i] = Math.floor(next() * classes);
    const at = i * side * side * 3;
    for (let j = 0; j < side * side * 3; j++) {
      const [column, channel] = [Math.floor(j / 3) % side, j % 3];
      x[at + j] = 0.3 * next() + ((y[i] >> channel) & 1) * 0.4 + (y[i] > 7 ? (0.3 * column) / side : 0);
    }
  }
  const dataset = arrayDataset({ x, y, inputShape: [side, side, 3], classes });
  return augmented ? augment(dataset, [horizontalFlip(), cutout({ size: 4 })], { seed: 3 }) : dataset;
}

export const digits = ({ count = 300, seed = 2 } = {}) => glyphs({ count, classes: 4, seed });

/** Samples that count more often than others. */
export function weighted() {
  const base = glyphs({ count: 300, classes: 4, seed: 2 });
  return arrayDataset({
    x: Float32Array.from({ length: 300 * 784 }, (_, i) => ((i * 7919) % 101) / 101),
    y: Int32Array.from({ length: 300 }, (_, i) => (i * 31) % 4),
    inputShape: base.inputShape,
    classes: 4,
    weights: Float32Array.from({ length: 300 }, (_, i) => (i % 5) / 2),
  });
}
