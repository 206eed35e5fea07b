import { DataError, loadModel, type Model, readSafetensors } from "resnet-wasm";
import { arrayDataset, IMAGENET_TRANSFORM, type ImageTransform, subset } from "resnet-wasm/data";
import { loadOnnx } from "resnet-wasm/onnx";
import { readPytorch } from "resnet-wasm/pytorch";
import { fineTune } from "resnet-wasm/recipes";
import { type Context, countParameters, lastMaps, setSession } from "./context.js";
import { inputsOf } from "./pictures.js";
import type { Known, Learned, PictureSet } from "./protocol.js";
import { recognise } from "./recognise.js";
import { heldOut } from "./split.js";
import { columnsOf } from "./table.js";

/** What fine-tuning begins with; the tuned network is another one. */
let base: Model | undefined;

/** Reads a network: saved by this library, of an ONNX file, or weights alone of a family that is known. */
export async function readNetwork(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Model> {
  if (/\.onnx$/i.test(name)) return loadOnnx(bytes);
  if (/\.(pth?|bin|ckpt)$/i.test(name)) return recognise(readPytorch(bytes, { fileName: name }).tensors);
  const { tensors, metadata } = readSafetensors(bytes, { fileName: name });
  return "resnet-wasm" in metadata ? loadModel(bytes) : recognise(tensors);
}

export async function openBase(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Known> {
  const model = await readNetwork(bytes, name);
  const known = await describeModel(model, "network");
  if (model.inputShape.length !== 3 || model.inputShape[2] !== 3) {
    model.dispose();
    throw new DataError(
      `${name}: expected a network for pictures, [height, width, 3], got [${known.inputShape.join(", ")}]`,
    );
  }
  base?.dispose();
  base = model;
  return known;
}

export async function describeModel(model: Model, kind: Known["kind"]): Promise<Known> {
  const transform = model.transform as { features?: unknown; channels?: string[] } | undefined;
  return {
    ...{ kind, classNames: [...(model.classNames ?? [])] },
    ...{ inputShape: [...model.inputShape], outputShape: [...model.outputShape], parameters: countParameters(model) },
    columns: transform?.features
      ? columnsOf(transform as Parameters<typeof columnsOf>[0])
      : (transform?.channels ?? []),
    hasMaps: (await lastMaps(model)) !== undefined,
  };
}

/** What a picture network wants of pictures: as its file says, else as those of ImageNet. */
export function transformOf({ transform, inputShape }: Pick<Model, "transform" | "inputShape">): ImageTransform {
  const [height, width] = inputShape;
  const own = transform as ImageTransform | undefined;
  if (own?.mean && own.std) return own;
  const { mean, std } = IMAGENET_TRANSFORM;
  return { resize: [height, width], mean, std };
}

export async function tuneNetwork({ names, pictures }: PictureSet, { signal, report }: Context): Promise<Learned> {
  if (!base) throw new DataError("There is no network to fine-tune yet: open one");
  const begun = performance.now();
  const notes: string[] = [];
  const transform = transformOf(base);
  const labels = pictures.map(({ label }) => label);
  const x = inputsOf(
    pictures.map(({ pixels }) => pixels),
    transform,
  );
  const options = { x, y: labels, inputShape: base.inputShape, classes: names.length, classNames: names };
  const all = arrayDataset(options);
  const parts = heldOut(labels);
  const { model, evaluation } = await fineTune(base, subset(all, parts.train), {
    validation: subset(all, parts.held),
    batchSize: 16,
    signal,
    print: (line) => {
      notes.push(line);
      report({ line });
    },
  });
  model.transform = transform;
  const known = await describeModel(model, "network");
  setSession({ model, known });
  const { confusionMatrix: confusion, mistakes } = evaluation.metrics;
  return {
    ...{ known, held: parts.isApart ? parts.held.length : 0, samples: all.length, notes },
    seconds: (performance.now() - begun) / 1000,
    classes: {
      ...{ accuracy: evaluation.accuracy, confusion },
      mistakes: mistakes.slice(0, 8).map(({ sample, ...rest }) => ({ ...rest, sample: parts.held[sample] })),
    },
  };
}
