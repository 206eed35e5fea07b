// What makes images larger or smaller against PyTorch, through the public API.
import { describe, expect, it } from "vitest";
import {
  AdaptiveMaxPool2d,
  ConvTranspose1d,
  ConvTranspose2d,
  InstanceNorm1d,
  InstanceNorm2d,
  type Layer,
  ReflectionPad2d,
  ReplicationPad2d,
  Upsample,
} from "../../../src/hosts/node/index.js";
import { build, plainSetup, setupName, setups } from "../../support/setups.js";
import { uniform } from "../generator.js";
import type { GoldenCase } from "../load.js";
import { check, named } from "./check.js";

function layerOf({ op, attributes, inputs, outputs }: GoldenCase): Layer {
  const [, channels] = inputs.x.shape;
  const [, out] = outputs.y.shape;
  if (op === "upsample") return new Upsample(attributes);
  if (op === "convTranspose2d") return new ConvTranspose2d(channels, out, attributes as never);
  if (op === "convTranspose1d") return new ConvTranspose1d(channels, out, attributes as never);
  if (op === "adaptiveMaxPool2d") return new AdaptiveMaxPool2d(attributes.size);
  return new (op === "reflectionPad2d" ? ReflectionPad2d : ReplicationPad2d)(attributes.padding);
}

describe.each(setups.map((setup) => [setupName(setup), setup] as const))("%s", (_, setup) => {
  it.each(named("resize"))("%s", async (_, golden) => {
    for (const prefer of ["memory", "speed"] as const) {
      const isSignal = golden.inputs.x.shape.length === 3;
      (await check(golden, layerOf(golden), { ...setup, prefer }, { isSignal })).dispose();
    }
  });
});

it("InstanceNorm1d is InstanceNorm2d of an image of height 1", async () => {
  const x = uniform("instance norm of signals", 2 * 7 * 3);
  const flat = await build(new InstanceNorm1d(3, { affine: true }), [7, 3]);
  const image = await build(new InstanceNorm2d(3, { affine: true }), [1, 7, 3]);
  expect(flat.predict(x).data).toEqual(image.predict(x).data);
});

it("names what does not fit", async () => {
  expect(() => new Upsample({})).toThrow("Upsample: options expected size or scaleFactor");
  expect(() => new Upsample({ size: 3, scaleFactor: 2 })).toThrow("Upsample: options expected size or scaleFactor");
  expect(() => new Upsample({ size: 2.5 })).toThrow("Upsample: size expected whole numbers");
  expect(() => new Upsample({ size: 2, alignCorners: true })).toThrow(
    'alignCorners expected false with mode "nearest"',
  );
  expect(() => new ConvTranspose2d(2, 2, { kernelSize: 3, outputPadding: 1 })).toThrow(
    "ConvTranspose2d: outputPadding expected less than stride or dilation",
  );
  const at = (layer: Layer) => build(layer, [3, 3, 2], plainSetup);
  await expect(at(new ReflectionPad2d(3))).rejects.toThrow("padding expected less than the image's sides");
  await expect(at(new Upsample({ size: [2] as never }))).rejects.toThrow("size expected 2 of 1 or more");
  await expect(at(new Upsample({ scaleFactor: 0.1 }))).rejects.toThrow("size expected 2 of 1 or more");
  await expect(at(new ConvTranspose2d(3, 2, { kernelSize: 1 }))).rejects.toThrow("input expected [n, h, w, 3]");
  await expect(at(new ConvTranspose2d(2, 2, { kernelSize: 1, padding: 2 }))).rejects.toThrow("at least one pixel");
});
