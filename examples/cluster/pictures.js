// What every machine opens by the name { module: "pictures.js" }: made pictures, so that nothing is fetched.
import { arrayDataset, augment, horizontalFlip } from "resnet-wasm/data";

/**
 * Noise over a colour of the class, 32 x 32, the same on every machine.
 * @param {{ count?: number }} [options]
 */
export default function pictures({ count = 1280 } = {}) {
  let state = 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const x = new Float32Array(count * 32 * 32 * 3);
  const y = Int32Array.from({ length: count }, () => Math.floor(next() * 8));
  for (let i = 0; i < x.length; i++) x[i] = 0.6 * next() + 0.4 * ((y[Math.floor(i / 3072)] >> (i % 3)) & 1);
  return augment(arrayDataset({ x, y, inputShape: [32, 32, 3], classes: 10 }), [horizontalFlip()], { seed: 1 });
}
