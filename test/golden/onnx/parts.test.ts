// The parts that saved networks of ONNX files fetch.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { importOnnx } from "../../../src/onnx/import.js";

const data = new URL("../../../../shared/data/", import.meta.url);
const present = existsSync(data);
const files = ["zoo/", "mobilenet-v2/", "resnet8-tiny/", "cifar10-resnets/"].flatMap((folder) =>
  present
    ? readdirSync(new URL(folder, data), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".onnx"))
        .map((name) => folder + name)
    : [],
);

it.skipIf(!present)("saved networks take one further part at most (skipped without ../shared/data)", async () => {
  const definitions = files.map((file) => importOnnx(readFileSync(new URL(file, data))).network.definition);
  // As in a process that has read no ONNX file.
  vi.resetModules();
  const { isComplete } = await import("../../../src/nn/imported/network.js");
  const classic = files.filter((_, i) => isComplete(definitions[i]!));
  expect(classic.length).toBeGreaterThanOrEqual(14);
  expect(classic.length).toBeLessThan(files.length);
  (await import("../../../src/nn/imported/further-shapes.js")).use();
  expect(files.filter((_, i) => !isComplete(definitions[i]!))).toEqual([]);
});
