// model.classify: from pictures in every form to named classes, by the pixels of the dataset path.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage, type Image, loadImageFolder, resizeImage, transformImage } from "../../../src/faces/data.js";
import {
  AdaptiveAvgPool2d,
  ArgumentError,
  Conv2d,
  createModel,
  DataError,
  Flatten,
  type Layer,
  Linear,
  LogSoftmax,
  loadModel,
  type Model,
  NumericError,
  ReLU,
  Sequential,
  ShapeError,
  Sigmoid,
  Softmax,
} from "../../../src/hosts/node/index.js";
import * as inference from "../../../src/hosts/node/inference.js";
import { image } from "../../unit/data/picture.js";
import { goldenFile, goldens, turnedGoldens } from "../../unit/data/pictures.js";
import { openModel, rejection, reopenModel } from "../worker/open.js";

const network = (...end: Layer[]) =>
  new Sequential(
    new Conv2d(3, 8, { kernelSize: 3, padding: 1 }),
    new ReLU(),
    new AdaptiveAvgPool2d(1),
    new Flatten(),
    new Linear(8, 4),
    ...end,
  );
const transform = { resize: 20, crop: 16, mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] };
const classNames = ["ant", "bee", "cat", "dog"];
const options = { inputShape: [16, 16, 3], seed: 11, relaxedSimd: false };
const described = { ...options, transform, classNames };
const picture = image(31, 23, 3);
const other = image(16, 40, 3);
const file = Object.keys(goldens).find((name) => name.endsWith(".jpg") && goldens[name].mode === "RGB")!;

/** By the definition, in float64. */
function ranked(logits: ArrayLike<number>, names?: readonly string[]) {
  const parts = Array.from(logits, (v) => Math.exp(v));
  const sum = parts.reduce((a, b) => a + b);
  return parts
    .map((part, index) => ({ index, name: names?.[index], probability: expect.closeTo(part / sum, 6), part }))
    .sort((a, b) => b.part - a.part)
    .map(({ part: _, ...rest }) => rest);
}
const logitsOf = (model: Model, pixels: Image) => model.predict(transformImage(pixels, transform)).data;

describe("model.classify", () => {
  let model: Model;
  beforeAll(async () => {
    model = await createModel(network(), described);
  });

  it("gives classes of an image, the best first, and a list of them for each of an array", async () => {
    const expected = [picture, other].map((each) => ranked(logitsOf(model, each), classNames));
    expect(await model.classify(picture)).toEqual(expected[0]);
    expect(await model.classify([picture, other])).toEqual(expected);
    expect(await model.classify([picture])).toEqual([expected[0]]);
    expect(await model.classify([])).toEqual([]);
    expect(await model.classify(picture, { topK: 2 })).toEqual(expected[0].slice(0, 2));
    expect(await model.classify(picture, { topK: 99 })).toHaveLength(4);
    const many = await model.classify(Array.from({ length: 70 }, (_, i) => (i % 2 ? other : picture)));
    expect(many).toHaveLength(70);
    for (const [i, list] of many.entries()) expect(list).toEqual(expected[i % 2]);
  });

  it("takes pixels, files and blobs, grey and with alpha", async () => {
    const bytes = goldenFile(file);
    const expected = ranked(logitsOf(model, await decodeImage(bytes)), classNames);
    for (const form of [bytes, bytes.buffer, new Blob([bytes]), await decodeImage(bytes)])
      expect(await model.classify(form)).toEqual(expected);
    const rgba = new Uint8ClampedArray(picture.width * picture.height * 4).fill(77);
    for (let i = 0; i < rgba.length; i++) if (i % 4 < 3) rgba[i] = picture.data[3 * Math.floor(i / 4) + (i % 4)];
    expect(await model.classify({ ...picture, data: rgba })).toEqual(await model.classify(picture));
    expect(await model.classify(image(31, 23, 1))).toHaveLength(4);
  });

  it("turns photos upright, as folders do", async () => {
    for (const name of Object.keys(turnedGoldens)) {
      const upright = await decodeImage(goldenFile(name));
      const stored = await decodeImage(goldenFile(name), name, { exifOrientation: false });
      expect(await model.classify(goldenFile(name)), name).toEqual(ranked(logitsOf(model, upright), classNames));
      expect(await model.classify(goldenFile(name), { exifOrientation: false }), name).toEqual(
        ranked(logitsOf(model, stored), classNames),
      );
    }
  });

  it("ends with the probabilities of the network where it has them", async () => {
    const logits = logitsOf(model, picture);
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    const soft = ranked(logits, classNames);
    for (const end of [
      [new Softmax()],
      [new LogSoftmax()],
      [new Softmax(), new Flatten()],
      [new Sequential(new Softmax())],
    ])
      expect(await (await createModel(network(...end), described)).classify(picture)).toEqual(soft);
    const each = await (await createModel(network(new Sigmoid()), described)).classify(picture);
    const values = [...logits].map((v, index) => ({ index, v: sigmoid(v) })).sort((a, b) => b.v - a.v);
    expect(each).toEqual(
      values.map(({ index, v }) => ({ index, name: classNames[index], probability: expect.closeTo(v, 6) })),
    );
    // A softmax inside of the network is not its end.
    const inside = await createModel(network(new Softmax(), new Linear(4, 4)), described);
    expect(await inside.classify(picture)).toEqual(ranked(logitsOf(inside, picture), classNames));
  });

  it("keeps transform and names in saved files, and takes others when one is loaded", async () => {
    const bytes = await model.save();
    const again = await loadModel(bytes, { relaxedSimd: false });
    expect(again.classNames).toEqual(classNames);
    expect(await again.classify(picture)).toEqual(await model.classify(picture));
    const small = await inference.loadModel(bytes, { relaxedSimd: false });
    expect(small.classNames).toEqual(classNames);
    expect(await small.classify([picture, other])).toEqual(await model.classify([picture, other]));
    const renamed = await loadModel(bytes, { classNames: ["a", "b", "c", "d"] });
    expect((await renamed.classify(picture, { topK: 1 }))[0].name).toMatch(/^[abcd]$/);
    const plain = await createModel(network(), { ...options, transform });
    expect(plain.classNames).toBeUndefined();
    expect((await plain.classify(picture))[0]).toHaveProperty("name", undefined);
    plain.classNames = classNames;
    expect(await plain.classify(picture)).toEqual(await model.classify(picture));
    expect((await loadModel(await plain.save())).classNames).toEqual(classNames);
  });

  it("refuses names that are not one for each output", async () => {
    const message = /classNames expected 4 names, one for each output, got 2/;
    await expect(createModel(network(), { ...options, classNames: ["a", "b"] })).rejects.toThrow(message);
    await expect(loadModel(await model.save(), { classNames: ["a", "b"] })).rejects.toThrow(message);
    expect(() => {
      model.classNames = ["a", "b"];
    }).toThrow(ArgumentError);
    expect(model.classNames).toEqual(classNames);
    await expect(createModel(network(), { ...options, classNames: [1, 2, 3, 4] as never })).rejects.toThrow(
      ArgumentError,
    );
  });

  it("without a transform takes pictures of its own size, bytes / 255", async () => {
    const plain = await createModel(network(), { ...options, classNames });
    const right = image(16, 16, 3);
    expect(await plain.classify(right)).toEqual(ranked(plain.predict(right.data).data, classNames));
    expect(await plain.classify(resizeImage(picture, 16, 16))).toHaveLength(4);
    const error = await rejection(plain.classify(picture));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(/classify: image expected \[16, 16, 3\].* got \[23, 31, 3\].*transform/);
    const four = await createModel(new Sequential(new Flatten(), new Linear(16, 2)), { inputShape: [2, 2, 4] });
    expect(await four.classify(image(2, 2, 4))).toEqual(ranked(four.predict(image(2, 2, 4).data).data));
    await expect(four.classify(image(2, 2, 3))).rejects.toThrow(/got \[2, 2, 3\]/);
  });

  it("refuses what does not fit: transforms, networks, numbers, pictures", async () => {
    const refusals: [Promise<unknown>, new (message: string) => Error, RegExp][] = [
      [model.classify(undefined as never), ArgumentError, /classify: image expected .*got undefined/],
      [model.classify([picture, 3 as never]), ArgumentError, /classify: image expected .*got 3/],
      [model.classify({ data: new Float32Array(48), width: 4, height: 4 } as never), ArgumentError, /Uint8Array/],
      [model.classify({ ...picture, width: 30 }), ShapeError, /1, 2, 3 or 4 bytes/],
      [model.classify(picture, { topK: 0 }), ArgumentError, /topK/],
      [model.classify(picture, { top: 1 } as never), ArgumentError, /top/],
    ];
    const made = async (layer: Layer, more: object) =>
      (await createModel(layer, { ...options, ...more })).classify(picture);
    refusals.push(
      [
        made(network(), { transform: { ...transform, crop: 12 } }),
        ShapeError,
        /to make \[16, 16, 3\], got \[12, 12, 3\]/,
      ],
      [made(network(), { transform: { mean: [0], std: [1] } }), ShapeError, /got \[23, 31, 1\]/],
      [made(network(), { transform: { columns: [] } }), ArgumentError, /classify/],
      [made(network(new Linear(4, 1)), { transform }), ShapeError, /2 or more, got \[1\].*yes from no/],
      [made(network(new Linear(4, 1), new Sigmoid()), { transform }), ShapeError, /yes from no/],
      [made(new Conv2d(3, 4, { kernelSize: 1 }), { transform }), ShapeError, /got \[16, 16, 4\].*pool/],
      [made(new Linear(5, 3), { inputShape: [5], transform }), ShapeError, /one of \[5\]/],
    );
    const errors = await Promise.all(refusals.map(([promise]) => rejection(promise)));
    for (const [i, [, kind, message]] of refusals.entries()) {
      const error = errors[i];
      expect(error.message).toMatch(message);
      expect(error, error.message).toBeInstanceOf(kind);
    }
  });

  it("refuses outputs that are no numbers, and takes -Infinity for a class that cannot be", async () => {
    const head = await createModel(network(), described);
    const bias = (values: number[]) =>
      head.loadStateDict({ "4.bias": { data: values, shape: [4] } }, { strict: false });
    for (const values of [
      [0, Number.NaN, 0, 0],
      [0, 0, 0, Infinity],
      [-Infinity, -Infinity, -Infinity, -Infinity],
    ]) {
      bias(values);
      const error = await rejection(head.classify([picture]));
      expect(error.message).toMatch(/classify: outputs expected finite numbers/);
      expect(error).toBeInstanceOf(NumericError);
    }
    bias([0, -Infinity, 0, 0]);
    const list = await head.classify(picture);
    expect(list[3]).toEqual({ index: 1, name: "bee", probability: 0 });
    expect(list.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
  });
});

describe("the worker's model.classify", () => {
  it("answers as the main entry does", async () => {
    const here = await createModel(network(), described);
    const there = await openModel(network(), described);
    expect(there.classNames).toEqual(classNames);
    expect(await there.classify(picture)).toEqual(await here.classify(picture));
    expect(await there.classify([picture, goldenFile(file), new Blob([goldenFile(file)])], { topK: 2 })).toEqual(
      await here.classify([picture, goldenFile(file), goldenFile(file)], { topK: 2 }),
    );
    const again = await reopenModel(await there.save());
    expect(again.classNames).toEqual(classNames);
    expect(await again.classify(other)).toEqual(await here.classify(other));
    await again.dispose();
    there.classNames = here.classNames = ["w", "x", "y", "z"];
    there.transform = here.transform = { ...transform, mean: [0.1, 0.1, 0.1] };
    expect(await there.classify(other)).toEqual(await here.classify(other));
    expect(() => {
      there.classNames = ["w"];
    }).toThrow(ArgumentError);
    const error = await rejection(there.classify({ data: new Uint8Array(5), width: 2, height: 2 }));
    expect(error).toBeInstanceOf(ShapeError);
    expect(await rejection(there.classify(null as never))).toBeInstanceOf(ArgumentError);
    expect(() => {
      there.transform = () => 1;
    }).toThrow(ArgumentError);
    await there.dispose();
  });
});

describe("a folder and classify", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "resnet-wasm-classify-"));
    for (const name of ["a", "b"]) await mkdir(join(folder, name));
    await writeFile(join(folder, "a", "1.jpg"), goldenFile(file));
    await writeFile(join(folder, "b", "2.jpg"), goldenFile(Object.keys(turnedGoldens)[0]));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("have the same pixels", async () => {
    const data = await loadImageFolder(folder, { transform });
    const model = await createModel(network(), described);
    const x = new Float32Array(2 * 16 * 16 * 3);
    await data.prefetch!([0, 1]);
    data.get([0, 1], x, new Int32Array(2));
    const rows = model.predict(x).data;
    expect(await model.classify([goldenFile(file), goldenFile(Object.keys(turnedGoldens)[0])])).toEqual(
      [0, 1].map((i) => ranked(rows.subarray(4 * i, 4 * i + 4), classNames)),
    );
    const missing = join(folder, "c");
    await expect(loadImageFolder(missing, { transform })).rejects.toThrow(DataError);
  });
});
