import { cifarResNet } from "resnet-wasm";
import { type ImageTransform, randomCrop, transformImage } from "resnet-wasm/data";
import { trainClassifier } from "./classifier.js";
import type { Context } from "./context.js";
import { type Duration, type Learned, type PictureSet, SIDE, STEPS } from "./protocol.js";

/** What the network of the page's own takes. */
export const OWN = { resize: [32, 32], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const satisfies ImageTransform;

/** Pictures as a network takes them, one after another. */
export function inputsOf(pictures: readonly Uint8Array[], transform: ImageTransform): Float32Array {
  const all = pictures.map((data) => transformImage({ data, width: SIDE, height: SIDE }, transform).data);
  const x = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
  all.forEach((one, i) => {
    x.set(one, i * one.length);
  });
  return x;
}

export function trainPictures({ names, pictures }: PictureSet, duration: Duration, context: Context): Promise<Learned> {
  const [height, width] = OWN.resize;
  return trainClassifier(
    {
      kind: "pictures",
      network: cifarResNet(8, { classes: names.length }),
      inputShape: [height, width, 3],
      transform: OWN,
      ...{ names, columns: [], steps: STEPS[duration] },
      x: inputsOf(
        pictures.map(({ pixels }) => pixels),
        OWN,
      ),
      labels: pictures.map(({ label }) => label),
      augmentations: [randomCrop({ padding: 3 })],
    },
    context,
  );
}
