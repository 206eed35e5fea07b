import { describe, expect, it } from "vitest";
import {
  convnext,
  type Layer,
  mobilenetV2,
  replaceHead,
  residualMLP,
  resnet1d,
  resnet18,
  resnet50,
  resnetv2_50,
} from "../../../src/faces/main.js";
import { dissect } from "../../../src/recipes/anatomy.js";

const look = (network: Layer, inputShape: number[]) => {
  const made = replaceHead(network, { classes: 7 });
  return { ...dissect(made.network, inputShape, made.head), path: made.head };
};

describe("dissect", () => {
  it.each([
    [
      "resnet18",
      resnet18(),
      [224, 224, 3],
      "fc",
      512,
      ["layer4.0.conv1.weight", "layer4.0.downsample.1.running_mean"],
      "layer3.1.conv2.weight",
    ],
    [
      "resnet50",
      resnet50(),
      [224, 224, 3],
      "fc",
      2048,
      ["layer4.0.conv2.weight", "layer4.2.bn3.bias"],
      "layer3.5.conv3.weight",
    ],
    [
      "mobilenetV2",
      mobilenetV2(),
      [224, 224, 3],
      "classifier.1",
      1280,
      ["features.14.conv.1.0.weight", "features.18.0.weight"],
      "features.13.conv.2.weight",
    ],
    [
      "convnext atto",
      convnext("atto"),
      [64, 64, 3],
      "head.fc",
      320,
      ["stages.3.blocks.0.conv_dw.weight"],
      "stages.2.blocks.0.conv_dw.weight",
    ],
    [
      "resnetv2_50",
      resnetv2_50(),
      [224, 224, 3],
      "head.fc",
      2048,
      ["stages.3.blocks.0.conv2.weight"],
      "stages.2.blocks.0.conv2.weight",
    ],
  ] as const)("finds head and last stage of %s", (_, network, inputShape, path, size, inside, outside) => {
    const { head, lastStage, linearHead, path: found } = look(network, [...inputShape]);
    expect(found).toBe(path);
    expect([...head]).toEqual([`${path}.weight`, `${path}.bias`]);
    expect(linearHead?.size).toBe(size);
    for (const name of [...head, ...inside]) expect(lastStage).toContain(name);
    expect(lastStage).not.toContain(outside);
  });

  it("takes half of the layers where there are no maps that become smaller", () => {
    const table = look(residualMLP({ in: 4, out: 3, blocks: 4, width: 8 }), [4]);
    expect(table.linearHead).toMatchObject({ size: 8, weight: { name: "6.weight" } });
    expect([...table.lastStage]).toContain("4.main.0.weight");
    expect([...table.lastStage]).not.toContain("2.main.0.weight");
    expect(look(resnet1d({ in: 1, classes: 3 }), [50, 1]).linearHead?.size).toBe(128);
  });
});
