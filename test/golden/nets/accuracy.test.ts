// Real weights on real pictures: MobileNetV2 on photographs, CIFAR-10 nets on its 10,000 test images, and their files of 16 bits.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readCifar } from "../../../src/faces/data.js";
import { cifarResNet, createModel, loadModel, type Model, readSafetensors } from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";

const folder = new URL("../../../../shared/data/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, folder));
const present = (...paths: string[]) => paths.every((path) => existsSync(new URL(path, folder)));
const titled = (title: string, is: boolean) => `${title}${is ? "" : " (skipped: ../shared/data is absent)"}`;

const hasPhotographs = present("mobilenet-v2/expected.json");

describe.skipIf(!hasPhotographs)(titled("MobileNetV2 with ImageNet's weights", hasPhotographs), () => {
  // (pixel / 127.5) - 1, and the names of 1001 classes, the first of which is the background.
  const open = () =>
    loadOnnx(read("mobilenet-v2/mobilenet_v2_imagenet.onnx"), {
      transform: { resize: [224, 224], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
      classNames: read("mobilenet-v2/labels.txt").toString().trim().split("\n"),
    });
  type Top = [index: number, name: string, probability: number][];
  const expected: Record<string, Top> = hasPhotographs
    ? JSON.parse(read("mobilenet-v2/expected.json").toString())["top5 by onnxruntime"]
    : {};
  const photograph = (name: string) => new Blob([read(`mobilenet-v2/${name}.png`)]);

  it("finds onnxruntime's first five classes of each photograph", async () => {
    const model = await open();
    for (const [name, top] of Object.entries(expected)) {
      const found = await model.classify(photograph(name), { topK: 5 });
      expect(
        found.map(({ index, name }) => [index, name]),
        name,
      ).toEqual(top.map(([index, name]) => [index, name]));
      for (const [i, { probability }] of found.entries()) expect(Math.abs(probability - top[i][2])).toBeLessThan(0.02);
    }
  });

  it("in 16 bits: half the file, the same first classes", async () => {
    const model = await open();
    const [whole, half] = [await model.save(), await model.save({ dtype: "F16" })];
    expect(half.length / whole.length).toBeLessThanOrEqual(0.52);
    const again = await loadModel(half);
    for (const [name, [[index, , probability]]] of Object.entries(expected)) {
      const [first] = await again.classify(photograph(name));
      expect(first.index, name).toBe(index);
      expect(Math.abs(first.probability - probability)).toBeLessThan(0.02);
    }
  });
});

const hasCifar = present("cifar-10/test_batch.bin", "cifar10-resnets/verify.json", "resnet8-tiny/verify.json");

describe.skipIf(!hasCifar)(titled("the test images of CIFAR-10", hasCifar), () => {
  const dataset = hasCifar ? readCifar(read("cifar-10/test_batch.bin")) : undefined;
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  const normalised = (value: number, i: number) => (value - mean[i % 3]) / std[i % 3];

  /** Of all 10,000 images: what is right, in per cent, and the classes that were found. */
  function judge(model: Pick<Model, "predict">, prepare: (value: number, i: number) => number) {
    const classes: number[] = [];
    let right = 0;
    for (let at = 0; at < 10_000; at += 500) {
      const [x, labels] = [new Float32Array(500 * 3072), new Int32Array(500)];
      dataset!.get(
        Array.from(labels, (_, i) => at + i),
        x,
        labels,
      );
      const { data } = model.predict(x.map(prepare));
      labels.forEach((label, i) => {
        const row = data.subarray(10 * i, 10 * i + 10);
        const found = row.indexOf(Math.max(...row));
        classes.push(found);
        if (found === label) right++;
      });
    }
    return { accuracy: right / 100, classes };
  }

  it.each([
    ["resnet8", 87.19],
    ["resnet8_wide", 91.28],
  ] as const)(
    "%s of MLPerf Tiny: %f",
    async (name, accuracy) => {
      const model = await loadOnnx(read(`resnet8-tiny/${name}.onnx`));
      const found = judge(model, (value) => Math.round(255 * value));
      expect(Math.abs(found.accuracy - accuracy)).toBeLessThanOrEqual(0.05);
    },
    240_000,
  );

  it.each([
    ["resnet20-12fca82f", 91.73],
    ["resnet56-4bfd9763", 93.39],
  ] as const)(
    "%s from ONNX: %f",
    async (name, accuracy) => {
      const model = await loadOnnx(read(`cifar10-resnets/${name}.onnx`));
      expect(Math.abs(judge(model, normalised).accuracy - accuracy)).toBeLessThanOrEqual(0.05);
    },
    240_000,
  );

  it("ResNet-20 in 16 bits: at most 0.05 points less", async () => {
    const { tensors } = readSafetensors(read("cifar10-resnets/resnet20-12fca82f.safetensors"));
    const model = await createModel(cifarResNet(20), { inputShape: [32, 32, 3] });
    model.loadStateDict(tensors, { rename: (key) => key.replace(/^linear\./, "fc.") });
    const [whole, half] = [await model.save(), await model.save({ dtype: "F16" })];
    expect(half.length / whole.length).toBeLessThanOrEqual(0.52);
    const [before, after] = [judge(model, normalised), judge(await loadModel(half), normalised)];
    expect(after.accuracy).toBeGreaterThanOrEqual(before.accuracy - 0.05);
    // The first class of some pictures between two changes: of 10,000, a handful.
    expect(before.classes.filter((index, i) => index !== after.classes[i]).length).toBeLessThan(20);
  }, 240_000);
});
