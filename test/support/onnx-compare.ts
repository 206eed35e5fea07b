// What is imported of small files by hand, against the definitions of their ops in float64.
import { expect } from "vitest";
import { loadOnnx } from "../../src/hosts/node/onnx.js";
import type { ImportOptions } from "../../src/onnx/import.js";
import type { ModelProto } from "../../src/onnx/messages.js";
import { writeModel } from "../../src/onnx/read.js";
import { netOf, numbers } from "./onnx-build.js";
import { runNet } from "./onnx-reference.js";

export const nhwc = (data: ArrayLike<number>, [n, c, h, w]: number[]): Float32Array => {
  const out = new Float32Array(data.length);
  for (let i = 0; i < n!; i++)
    for (let k = 0; k < c!; k++)
      for (let p = 0; p < h! * w!; p++) out[(i * h! * w! + p) * c! + k] = data[(i * c! + k) * h! * w! + p]!;
  return out;
};

/** Predicts by the library and by the reference, on a batch of two and of five. */
export async function compare(
  model: ModelProto,
  shape: [c: number, h: number, w: number],
  options: ImportOptions = {},
): Promise<void> {
  const bytes = writeModel(model);
  const imported = await loadOnnx(bytes, options);
  const net = netOf(bytes);
  for (const batch of [2, 5]) {
    const full = [batch, ...shape];
    const x = Float32Array.from(
      numbers(
        full.reduce((a, b) => a * b, 1),
        5,
      ),
    );
    const expected = runNet(net, { shape: full, data: x }).get(net.outputs[0]!)!;
    const y = imported.predict({ data: nhwc(x, full), shape: [batch, shape[1], shape[2], shape[0]] });
    const isImage = expected.shape.length === 4;
    const [n, c, h, w] = expected.shape as [number, number, number, number];
    expect(y.shape).toEqual(isImage ? [n, h, w, c] : expected.shape);
    const wanted = [...(isImage ? nhwc(expected.data, expected.shape) : expected.data)];
    const error = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - y.data[i]!)), 0);
    expect(error).toBeLessThan(4e-6 * Math.max(1, ...wanted.map(Math.abs)));
  }
}
