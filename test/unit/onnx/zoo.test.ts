// Networks of real topologies by PyTorch's two exporters: what is read of each file, computed by the definitions of its ops, equals
// PyTorch's float64 outputs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../../src/io/safetensors.js";
import { Reading } from "../../../src/onnx/protobuf.js";
import { readModel } from "../../../src/onnx/read.js";
import { simplify } from "../../../src/onnx/simplify.js";
import { ConstantReader } from "../../../src/onnx/tensor.js";
import { runNet } from "../../support/onnx-reference.js";

const data = new URL("../../../../shared/data/", import.meta.url);
const zoo = new URL("zoo/", data);

const net = (bytes: Uint8Array) => {
  const reading = new Reading("importOnnx", bytes.length);
  return simplify(readModel(bytes, reading), new ConstantReader(reading, bytes.length), reading);
};

describe.skipIf(!existsSync(zoo))("the zoo (skipped without ../shared/data/zoo)", () => {
  const names = existsSync(zoo) ? readdirSync(zoo).filter((name) => !name.includes(".")) : [];

  it.each(names)("%s reads as PyTorch computes it", (name) => {
    const read = net(new Uint8Array(readFileSync(new URL(`${name}/model.onnx`, zoo))));
    const { tensors } = readSafetensors(readFileSync(new URL(`${name}/golden.safetensors`, zoo)));
    const [x, y] = [tensors.get("x")!, tensors.get("y")!];
    const made = runNet(read, x).get(read.outputs[0]!)!;
    expect(made.shape).toEqual(y.shape);
    const scale = y.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = y.data.reduce((most, value, i) => Math.max(most, Math.abs(value - made.data[i]!)), 0);
    expect(error / scale).toBeLessThan(1e-6);
  });
});
