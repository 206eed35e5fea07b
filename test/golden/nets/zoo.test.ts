// Families by timm's names: state dicts of real topologies by name, and PyTorch's float64 outputs.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  createModel,
  efficientnet,
  type Layer,
  mobilenetV2,
  mobilenetV3,
  readSafetensors,
} from "../../../src/hosts/node/index.js";
import { maxDifference, nchwToNhwc } from "../load.js";

const zoo = new URL("../../../../shared/data/zoo/", import.meta.url);
const present = existsSync(new URL("zoo.json", zoo));

const classes = 10;
const NETS: Record<string, () => Layer> = {
  mobilenet_v2_035: () => mobilenetV2({ width: 0.35, classes, names: "timm" }),
  // timm rounds what expands by the rounded width, torchvision by the width before.
  mobilenet_v3_small_050: () =>
    mobilenetV3(
      {
        stem: 16,
        stages: [
          [[3, 16, 8, true, "relu", 2]],
          [
            [3, 40, 16, false, "relu", 2],
            [3, 56, 16, false, "relu", 1],
          ],
          [
            [5, 64, 24, true, "hardswish", 2],
            [5, 144, 24, true, "hardswish", 1],
            [5, 144, 24, true, "hardswish", 1],
          ],
          [
            [5, 72, 24, true, "hardswish", 1],
            [5, 72, 24, true, "hardswish", 1],
          ],
          [
            [5, 144, 48, true, "hardswish", 2],
            [5, 288, 48, true, "hardswish", 1],
            [5, 288, 48, true, "hardswish", 1],
          ],
        ],
        features: 1024,
      },
      { classes, names: "timm" },
    ),
  test_efficientnet: () =>
    efficientnet(
      {
        stem: 24,
        stages: [
          { kind: "fused", expansion: 1, kernel: 3, stride: 1, channels: 16, blocks: 1 },
          { kind: "fused", expansion: 4, kernel: 3, stride: 2, channels: 24, blocks: 1 },
          { kind: "fused", expansion: 4, kernel: 3, stride: 2, channels: 32, blocks: 1 },
          { expansion: 4, kernel: 3, stride: 2, channels: 48, blocks: 1 },
          { expansion: 4, kernel: 3, stride: 2, channels: 64, blocks: 1 },
        ],
        head: 256,
      },
      { classes, names: "timm" },
    ),
};

describe.skipIf(!present)(`the zoo by families${present ? "" : " (skipped: ../shared/data/zoo is absent)"}`, () => {
  const errors = new Map<string, number>(
    present
      ? JSON.parse(readFileSync(new URL("zoo.json", zoo), "utf8")).models.map(
          (entry: { name: string; torch_f32_error: number }) => [entry.name, entry.torch_f32_error],
        )
      : [],
  );
  const read = (name: string, file: string) =>
    readSafetensors(readFileSync(new URL(`${name}/${file}.safetensors`, zoo))).tensors;

  it.each(Object.entries(NETS))("%s: strict, and PyTorch's outputs", async (name, make) => {
    const { x, y } = Object.fromEntries(read(name, "golden"));
    const [, c, h, w] = x.shape;
    const model = await createModel(make(), { inputShape: [h, w, c] });
    expect(model.loadStateDict(read(name, "weights"))).toEqual({ missing: [], unexpected: [] });
    const found = model.predict(nchwToNhwc(x.data as Float32Array, x.shape));
    expect(found.shape).toEqual(y.shape);
    const largest = Math.max(...Array.from(y.data, Math.abs));
    expect(maxDifference(found.data, y.data)).toBeLessThan(Math.max(16 * errors.get(name)!, 2e-5 * largest));
    model.dispose();
  });
});
