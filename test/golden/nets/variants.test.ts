// Every further variant of torchvision's families: names and shapes of its state dict, by their digest, and parameters.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  convnext,
  densenet,
  efficientnet,
  type Layer,
  regnet,
  resnext101_32x8d,
  resnext101_64x4d,
  shufflenetV2,
  wide_resnet101_2,
} from "../../../src/hosts/node/index.js";
import { count } from "../../support/nets.js";
import { readJson } from "../load.js";

/** By what torchvision's name begins with; the rest is the variant. */
const FAMILIES: Record<string, (variant: string) => Layer> = {
  resnext101_32x8d: () => resnext101_32x8d(),
  resnext101_64x4d: () => resnext101_64x4d(),
  wide_resnet101_2: () => wide_resnet101_2(),
  efficientnet_: (variant) => efficientnet(variant as "b1"),
  convnext_: (variant) => convnext(variant as "small"),
  densenet: (depth) => densenet(Number(depth) as 161),
  shufflenet_v2_: (variant) => shufflenetV2(variant as "x0_5"),
  regnet_: (variant) => regnet(variant as "x_800mf"),
};

const VARIANTS = readJson<{ name: string; parameters: number; sha256: string }[]>("families/variants.json");

describe("as torchvision's", () => {
  it.each(VARIANTS)("$name", ({ name, parameters, sha256 }) => {
    const [beginning, make] = Object.entries(FAMILIES).find(([key]) => name.startsWith(key))!;
    const found = count(make(name.slice(beginning.length)), [64, 64, 3]);
    expect(found.parameters).toBe(parameters);
    const listing = found.state
      .filter((entry) => !entry.name.endsWith("num_batches_tracked"))
      .map((entry) => `${entry.name} ${entry.shape.join(",")}`);
    expect(createHash("sha256").update(listing.sort().join("\n")).digest("hex")).toBe(sha256);
  });
});
