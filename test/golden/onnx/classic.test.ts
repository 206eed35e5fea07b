// The two ways of loadOnnx: what its part in every app makes of a file is what importOnnx makes of it, to the byte, or nothing.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createModel, mobilenetV2 } from "../../../src/hosts/node/index.js";
import { loadOnnx } from "../../../src/hosts/node/onnx.js";
import { openClassic } from "../../../src/onnx/classic.js";
import { exportOnnx } from "../../../src/onnx/export.js";
import { importOnnx } from "../../../src/onnx/import.js";
import { writeModel } from "../../../src/onnx/read.js";
import { backendTests, hasBackendTests } from "../../support/onnx-backend.js";
import { numbers, residualModel } from "../../support/onnx-build.js";

const data = new URL("../../../../shared/data/", import.meta.url);
const present = existsSync(data);
const find = (folder: string): string[] =>
  present
    ? readdirSync(new URL(folder, data), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".onnx"))
        .map((name) => folder + name)
    : [];
const files = ["zoo/", "mobilenet-v2/", "resnet8-tiny/", "cifar10-resnets/"].flatMap(find);
const read = (file: string) => new Uint8Array(readFileSync(new URL(file, data)));

/** Files that take no more than every app with loadOnnx has. */
const CLASSIC = [
  "mobilenet-v2/mobilenet_v2_imagenet.onnx",
  "resnet8-tiny/resnet8.onnx",
  "resnet8-tiny/resnet8_wide.onnx",
  ...`mobilenet_v2_035 mobilenet_v3_small_050 regnet_y resnet_1d resnet_basic resnet_bottleneck_dynamo resnet_d_se resnext
  test_byobnet test_resnet`
    .split(/\s+/)
    .map((name) => `zoo/${name}/model.onnx`),
];

const plain = ({
  network,
  state,
  inputShape,
}: Pick<ReturnType<typeof importOnnx>, "network" | "state" | "inputShape">) => ({
  network: JSON.stringify(network),
  state: [...state].map(([name, { shape, data }]) => [
    name,
    shape,
    Buffer.from(Float32Array.from(data).buffer).toString("base64"),
  ]),
  inputShape,
});

/** Before anything else is read, so that no further part has come. */
const opened = new Map(files.map((file) => [file, openClassic(read(file), undefined)]));
const backend = new Map(
  (hasBackendTests ? backendTests() : []).map(({ folder }) => [
    folder,
    openClassic(readFileSync(`${folder}model.onnx`), undefined),
  ]),
);

describe.skipIf(!present)("files of networks (skipped without ../shared/data)", () => {
  it("are opened by the classic part as far as it reaches", () => {
    expect(
      [...opened]
        .filter(([, made]) => made)
        .map(([file]) => file)
        .sort(),
    ).toEqual(CLASSIC.sort());
  });

  it.each(CLASSIC)("%s is the same both ways", (file) => {
    expect(plain(opened.get(file)!)).toEqual(plain(importOnnx(read(file))));
  });

  it("are the same where further parts are there already", () => {
    for (const file of files) {
      const again = openClassic(read(file), undefined);
      if (again) expect(plain(again)).toEqual(plain(importOnnx(read(file))));
    }
  });

  it.each(["zoo/resnet_d_se/model.onnx", "zoo/test_efficientnet/model.onnx"])("%s predicts the same", async (file) => {
    const model = await loadOnnx(read(file));
    const { network, state, inputShape } = importOnnx(read(file));
    const other = await createModel(network, { inputShape });
    other.loadStateDict(state);
    const x = numbers(inputShape.reduce((a, b) => a * b));
    expect([...model.predict(x).data]).toEqual([...other.predict(x).data]);
    expect(model.summary()).toBe(other.summary());
    expect([...model.stateDict().keys()]).toEqual([...other.stateDict().keys()]);
    model.dispose();
    other.dispose();
  });
});

it.skipIf(!hasBackendTests)(
  "ONNX's backend tests are the same both ways, where the classic part opens them (skipped without libonnx-testdata)",
  () => {
    const made = [...backend].filter(([, each]) => each);
    expect(made.length).toBeGreaterThan(10);
    for (const [folder, each] of made)
      expect([folder, plain(each!)]).toEqual([folder, plain(importOnnx(readFileSync(`${folder}model.onnx`)))]);
  },
);

describe("files", () => {
  it("that were exported are the same both ways, by another shape too", async () => {
    const network = mobilenetV2({ classes: 5, width: 0.25 });
    const model = await createModel(network, { inputShape: [64, 64, 3] });
    const file = await exportOnnx(model);
    model.dispose();
    expect(plain(openClassic(file, undefined)!)).toEqual(plain(importOnnx(file)));
    expect(plain(openClassic(file, [96, 32, 3])!)).toEqual(plain(importOnnx(file, { inputShape: [96, 32, 3] })));
  });

  it("are refused with the errors of importOnnx", async () => {
    const file = writeModel(residualModel([3, 7, 6], 4));
    const attempts: [unknown, object][] = [
      [file.subarray(0, 900), {}],
      [new Uint8Array(4), {}],
      ["a text", {}],
      [file, { inputShape: [7, 6] }],
      [file, { inputShape: [7, 6, 4] }],
      [file, { inputShape: null }],
      [file, { logits: 1 }],
      [file, { classes: 0 }],
      [file, { outputs: ["none"] }],
    ];
    for (const [bytes, options] of attempts) {
      const told = (error: Error) => error.message.replace(/^loadOnnx/, "importOnnx");
      const classic = await loadOnnx(bytes as Uint8Array, options).then(() => "loaded", told);
      let expected = "loaded";
      try {
        importOnnx(bytes as Uint8Array, options);
      } catch (error) {
        expected = told(error as Error);
      }
      if ("classes" in options) expect(classic).toContain("classes");
      else expect(classic).toBe(expected);
    }
  });
});
