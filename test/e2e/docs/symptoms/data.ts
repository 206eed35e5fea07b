// Symptoms of what goes in: inputs, pictures, tables and folders.
import { cpSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  arrayDataset,
  augment,
  channelStatistics,
  decodeImage,
  fitTable,
  glyphs,
  horizontalFlip,
  loadImageFolder,
  normalise,
  readCsv,
} from "../../../../src/faces/data.js";
import {
  createModel,
  createTrainer,
  crossEntropy,
  Flatten,
  Linear,
  type Model,
  Sequential,
  SGD,
  ShapeError,
} from "../../../../src/hosts/node/index.js";
import { image } from "../../../unit/data/picture.js";
import { goldenFile } from "../../../unit/data/pictures.js";
import type { Section } from "./symptom.js";

const net = () => new Sequential(new Flatten(), new Linear(192, 2));
const transform = { resize: [8, 8], mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } as const;
const modelWith = (given?: unknown): Promise<Model> =>
  createModel(net(), { inputShape: [8, 8, 3], ...(given !== undefined && { transform: given }) });
const trainerWith = async (given?: unknown) =>
  createTrainer(await modelWith(given), { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
const bytes = Uint8Array.from({ length: 4 * 192 }, (_, i) => (i * 31) % 256);
const images = arrayDataset({ x: bytes, y: [0, 1, 0, 1], inputShape: [8, 8, 3], classes: 2 });
const large = new Float32Array(4 * 192); // 16 x 16 pixels

export const INPUTS: Section = {
  title: "Inputs and pictures",
  symptoms: [
    {
      symptom: "`predict: input expected numbers that model.transform has made, got bytes`",
      cause: "bytes for a model with a transform may be a picture before it or after",
      cure: "`await model.classify(image)`, which takes the picture itself; or `transformImage(image, model.transform)`",
      provoke: async () => (await modelWith(transform)).predict(bytes.subarray(0, 192)),
      cured: async () => (await modelWith(transform)).classify(image(20, 30, 3)),
    },
    {
      symptom: "`dataset expected samples with the mean … and std … of model.transform, got bytes / 255 as they are`",
      cause: "the model would be trained on other numbers than it makes of pictures later",
      cure: "`normalise(dataset, { mean, std })` with those of the transform; `channelStatistics(train)` finds some",
      provoke: async () => (await trainerWith(transform)).fit(images),
      cured: async () => {
        const { mean, std } = transform;
        await (await trainerWith(transform)).fit(normalise(images, { mean: [...mean], std: [...std] }));
        const found = channelStatistics(images);
        return (await trainerWith({ resize: [8, 8], ...found })).fit(normalise(images, found));
      },
    },
    {
      symptom: "`model.transform expected to make [8, 8, 3], got [16, 16, 3]`",
      cause: "its `resize` and `crop` lead to another size than the network takes",
      cure: "`crop`, or `resize: [height, width]`, of the network's size",
      provoke: async () => (await modelWith({ ...transform, resize: [16, 16] })).classify(image(20, 30, 3)),
      cured: async () => (await modelWith(transform)).classify(image(20, 30, 3)),
    },
    {
      symptom: "`input expected samples of [8, 8, 3], got Uint8ClampedArray(N), the RGBA bytes of M pixels`",
      cause: "a canvas gives red, green, blue and alpha: three samples' bytes would become four samples",
      cure: "`await model.classify(canvas)`; `transformImage` of `{ data, width, height }`",
      provoke: async () => (await modelWith()).predict(new Uint8ClampedArray(4 * 192)),
      cured: async () => (await modelWith()).classify({ data: new Uint8ClampedArray(256), width: 8, height: 8 }),
    },
    {
      symptom: "`predict` gives several outputs where one picture was meant",
      cause: "flat numbers are samples one after the other, so that a larger picture is several small ones",
      cure: "`{ data, shape: [1, height, width, channels] }`: its sides are compared with the network's; `resizeImage` before",
      provoke: async () => (await modelWith()).predict(large).shape[0] === 4,
      cured: async () => {
        const model = await modelWith();
        try {
          model.predict({ data: large, shape: [1, 16, 16, 3] });
        } catch (error) {
          return error instanceof ShapeError && model.predict({ data: large.subarray(192), shape: [3, 8, 8, 3] });
        }
        return false;
      },
    },
    {
      symptom: "`file expected JPEG or PNG where there is no createImageBitmap and canvas, got WebP`",
      cause: "Node and edge workers decode JPEG and PNG alone; pages and their workers what the browser does",
      cure: "pictures as JPEG or PNG; or pixels that another decoder has made, `{ data, width, height }`",
      provoke: () => decodeImage(goldenFile("lossless.webp"), "photo.webp"),
      cured: async () => (await modelWith(transform)).classify(goldenFile("rgb 8 bits.png")),
    },
    {
      symptom: "`x of example N, value M expected a finite number, got NaN`",
      cause: "a number that is not known, or a division by 0, in the data",
      cure: "leave the example out, or fill in a number; `fitTable` does so for missing fields",
      provoke: () => arrayDataset({ x: [1, Number.NaN], y: [0], classes: 2, inputShape: [2] }),
      cured: () =>
        fitTable(readCsv("a,t\n1,x\n,y\n3,x", { target: "t" })).transform(readCsv("a,t\n,x", { target: "t" })),
    },
    {
      symptom: "`augment: inputShape expected [height, width, channels], got [784]`",
      cause: "pictures that were loaded as rows of numbers have no sides any more",
      cure: "`{ flatten: false }` for `glyphs` and `loadMnist`, and `new Flatten()` in the network where it is needed",
      provoke: () => augment(glyphs({ count: 2 }), [horizontalFlip()]),
      cured: () => augment(glyphs({ count: 2, flatten: false }), [horizontalFlip()]),
    },
  ],
};

const numbers = (odd: string) =>
  `a,b,t\n${Array.from({ length: 11 }, (_, i) => `${i},${i === 5 ? odd : i},${"xy"[i % 2]}`).join("\n")}`;

export const TABLES: Section = {
  title: "Tables and folders",
  symptoms: [
    {
      symptom: '`column "b", row N expected a number, as in 10 of its 11 fields, got "oops"`',
      cause: "a word for what is not known, or a slip, in a column of numbers",
      cure: '`readCsv(text, { missing: ["", "oops"] })`; `categorical` or `ignore` for columns of names',
      provoke: () => readCsv(numbers("oops"), { target: "t" }),
      cured: () => {
        readCsv(numbers("oops"), { target: "t", missing: ["", "oops"] });
        return readCsv(numbers("oops"), { target: "t", ignore: ["b"] });
      },
    },
    {
      symptom: '`expected a number that can be read in one way, got "1,500"`',
      cause: "a comma that may part decimals or thousands",
      cure: '`decimal: ","` or `decimal: "."`',
      provoke: () => readCsv("a;t\n1,500;x\n2,250;y", { target: "t" }),
      cured: () => readCsv("a;t\n1,500;x\n2,250;y", { target: "t", decimal: "," }),
    },
    {
      symptom: '`readCsv: target expected a column of ["a", "b"], got "y"`',
      cause: "the name is spelt otherwise in the file, or it has no line of names",
      cure: "the name as it stands there; a number for its place, with `header: false` where there are no names",
      provoke: () => readCsv("a,b\n1,2\n2,3", { target: "y" }),
      cured: () => readCsv("1,2\n2,3", { target: 1, header: false }),
    },
    {
      symptom: '`column "a", row N expected a category of ["blue", "red"], got "green"`',
      cause: 'with `unknown: "error"`, a category that the rows for training lack',
      cure: '`unknown: "zero"`, the default, gives it none of the known ones',
      provoke: () => colours("error"),
      cured: () => colours("zero"),
    },
    {
      symptom: "`folder expected images at <class>/<name>.jpg or .png, none in …`".replace("none in", "got none in"),
      cause: "the folder holds no folders of pictures: it is one level too deep or too high",
      cure: "the folder in which each class has a folder of its own",
      provoke: () => loadImageFolder(join(photos(), "a"), { transform }),
      cured: () => loadImageFolder(photos(), { transform }),
    },
  ],
};

function colours(unknown: "error" | "zero") {
  const fitted = fitTable(readCsv("a,t\nred,1\nblue,2\nred,3", { target: "t" }), { unknown });
  return fitted.transform(readCsv("a,t\ngreen,1\nred,3", { target: "t" }));
}

/** A folder with two classes, removed with the machine's temporary files. */
function photos(): string {
  const folder = mkdtempSync(join(tmpdir(), "symptoms-"));
  for (const name of ["a", "b"]) {
    mkdirSync(join(folder, name));
    cpSync(fileURLToPath(new URL("../../../golden/images/smooth.jpg", import.meta.url)), join(folder, name, "1.jpg"));
  }
  return folder;
}
