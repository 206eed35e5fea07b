// Weights between PyTorch's order and the kernels', in one, two and three dimensions.
import { describe, expect, it } from "vitest";
import { numel, type Shape } from "../../../src/core/shape.js";
import { copyWeights, type Layout, memoryShape } from "../../../src/graph/layout.js";

/** Each number says where it stands in the state dict: one decimal digit for each dimension. */
function numbered(shape: Shape): Float32Array {
  const indices = (i: number) => shape.map((size, d) => Math.floor(i / numel(shape.slice(d + 1))) % size);
  return Float32Array.from({ length: numel(shape) }, (_, i) => Number(indices(i).join("")));
}

function toMemory(shape: Shape, layout: Layout): Float32Array {
  const memory = new Float32Array(numel(shape));
  copyWeights(numbered(shape), memory, { shape, layout }, "toMemory");
  return memory;
}

describe("channels last", () => {
  it.each<[string, Shape, Shape]>([
    ["Linear [out, in]", [3, 4], [3, 4]],
    ["Conv1d [out, in, k]", [3, 2, 5], [3, 5, 2]],
    ["Conv2d [out, in, kh, kw]", [4, 3, 2, 5], [4, 2, 5, 3]],
    ["ConvTranspose2d [in, out, kh, kw]", [2, 3, 3, 1], [2, 3, 1, 3]],
    ["Conv3d [out, in, kd, kh, kw]", [2, 3, 2, 4, 3], [2, 2, 4, 3, 3]],
  ])("%s", (_, shape, expected) => {
    expect(memoryShape(shape, "channelsLast")).toEqual(expected);
    // In memory's order, a number's index there and its digits, the channel moved to the end, count alike.
    const digits = [...toMemory(shape, "channelsLast")].map((n) =>
      [...String(n).padStart(shape.length, "0")].map(Number),
    );
    const indices = digits.map(([outer, channel, ...window]) => [outer, ...window, channel]);
    const places = indices.map((index) => index.reduce((place, i, d) => place * expected[d] + i, 0));
    expect(places).toEqual(places.map((_, i) => i));
  });

  it("comes back as it was", () => {
    const shape = [3, 4, 2, 3, 2];
    const back = new Float32Array(numel(shape));
    copyWeights(toMemory(shape, "channelsLast"), back, { shape, layout: "channelsLast" }, "toStateDict");
    expect(back).toEqual(numbered(shape));
  });
});

it("leaves other weights as they are", () => {
  expect(memoryShape([3, 2, 5], "same")).toEqual([3, 2, 5]);
  expect(toMemory([3, 2, 5], "same")).toEqual(numbered([3, 2, 5]));
});
