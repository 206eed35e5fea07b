// A value's bytes follow from its type.
import { expect, it } from "vitest";
import { conv2dFilterBytes } from "../../../src/abi/conv.js";
import { Conv2d, crossEntropy, Linear } from "../../../src/faces/main.js";
import { printGraph } from "../../../src/graph/graph.js";
import { bytesOf, viewOf } from "../../../src/graph/value.js";
import { createPlan } from "../../../src/plan/plan.js";

it("counts bytes by type", () => {
  expect(bytesOf({ shape: [3, 5], dtype: "f32" })).toBe(60);
  expect(bytesOf({ shape: [], dtype: "i32" })).toBe(4);
  expect(bytesOf({ shape: [3, 5], dtype: "u8" })).toBe(15);
});

it("shows memory as numbers of the type", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  viewOf(memory, 64, "f32", 1)[0] = 1;
  expect([...viewOf(memory, 64, "i32", 1)]).toEqual([0x3f800000]);
  expect([...viewOf(memory, 64, "u8", 4)]).toEqual([0, 0, 0x80, 0x3f]);
});

it("gives packed filters bytes, and class indices integers", () => {
  const conv = createPlan({
    network: (b, x) => new Conv2d(3, 5, { kernelSize: 3, bias: false }).build(b, x),
    ...{ batchSize: 2, inputShape: [6, 6, 3], training: false, backward: "none" },
  });
  const [filter] = conv.prepared.keys();
  expect(conv.graph.values[filter]).toMatchObject({ dtype: "u8", shape: [conv2dFilterBytes(5, 3, 1, 9)] });
  expect(printGraph(conv.graph, conv.prepare)).toMatch(/^%\d+ u8 \[\d+\] = conv2dFilter\(weight\)/);

  for (const kind of ["indices", "values"] as const) {
    const { graph, target } = createPlan({
      network: (b, x) => new Linear(4, 3).build(b, x),
      loss: (g, output) => crossEntropy().record(g, output, kind),
      ...{ batchSize: 2, inputShape: [4], training: false, backward: "none" },
    });
    expect(graph.values[target!].dtype).toBe(kind === "indices" ? "i32" : "f32");
  }
});
