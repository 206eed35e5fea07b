// Pools, what moves pixels and channels, and two-dimensional batch normalisation against PyTorch, through the public API.
import { describe, it } from "vitest";
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  ChannelShuffle,
  ConstantPad2d,
  type Layer,
  MaxPool2d,
} from "../../../src/hosts/node/index.js";
import { setupName, setups } from "../../support/setups.js";
import type { GoldenCase } from "../load.js";
import { check, checkFixedNorm, checkTrainedNorm, named } from "./check.js";

function pool({ op, attributes }: GoldenCase): Layer {
  const { kernelSize, stride, padding, dilation, ceilMode, countIncludePad, size } = attributes;
  if (op === "maxPool2d") return new MaxPool2d({ kernelSize, stride, padding, dilation, ceilMode });
  if (op === "avgPool2d") return new AvgPool2d({ kernelSize, stride, padding, ceilMode, countIncludePad });
  return new AdaptiveAvgPool2d(size);
}

const movement = ({ op, attributes }: GoldenCase): Layer =>
  op === "channelShuffle"
    ? new ChannelShuffle(attributes.groups)
    : new ConstantPad2d(attributes.padding, attributes.value);

const batchNorm = ({ attributes: { eps, momentum, affine }, inputs }: GoldenCase, frozen: boolean) =>
  new BatchNorm2d(inputs.x.shape[1], { eps, momentum, affine, frozen });

describe.each(setups.map((setup) => [setupName(setup), setup] as const))("%s", (_, setup) => {
  it.each(named("pools"))("%s", async (_, golden) => {
    (await check(golden, pool(golden), setup)).dispose();
  });

  it.each(named("movement"))("%s", async (_, golden) => {
    (await check(golden, movement(golden), setup)).dispose();
  });

  const inMode = (mode: string) => named("norms-2d").filter(([, { attributes }]) => attributes.mode === mode);
  it.each(inMode("training"))("%s", (_, golden) => checkTrainedNorm(golden, batchNorm(golden, false), setup));
  it.each(inMode("eval"))("%s, and frozen in training", (_, golden) =>
    checkFixedNorm(golden, (frozen) => batchNorm(golden, frozen), setup),
  );
});
