// Elementwise functions with broadcasting and reductions against PyTorch, through the public API.
import { describe, expect, it } from "vitest";
import {
  type Builder,
  binary,
  Layer,
  LayerScale,
  PReLU,
  reduce,
  unary,
  type ValueId,
} from "../../../src/hosts/node/index.js";
import { build, setupName, setups } from "../../support/setups.js";
import type { GoldenCase } from "../load.js";
import { check, named } from "./check.js";

class Own extends Layer {
  readonly type = "Own";
  constructor(readonly recording: (b: Builder, x: ValueId) => ValueId) {
    super();
  }
  protected args() {
    return [];
  }
  protected record(b: Builder, x: ValueId) {
    return this.recording(b, x);
  }
}

function layerOf({ op, attributes, inputs }: GoldenCase): Layer {
  const { kind, numbers = [], axes, keepDims } = attributes;
  if (op === "layerScale") return new LayerScale(inputs.gamma.shape[0]);
  if (op === "prelu") return new PReLU(inputs.weight.shape[0]);
  if (op === "unary") return new Own((b, x) => unary(b, kind, x, ...(numbers as [number, number])));
  if (op === "reduce") return new Own((b, x) => reduce(b, kind, x, { axes, keepDims }));
  return new Own((b, x) => binary(b, kind, x, b.parameter("weight", inputs.weight.shape, { init: 0 })));
}

describe.each(setups.map((setup) => [setupName(setup), setup] as const))("%s", (_, setup) => {
  it.each(named("maps"))("%s", async (_, golden) => {
    (await check(golden, layerOf(golden), setup)).dispose();
  });
});

describe("gradients", () => {
  it("of parameters that a sum hands on have places of their own", async () => {
    const network = new Own((b, x) => {
      const [p, q] = ["p", "q"].map((name) => b.parameter(name, [1, 3], { init: 0.5 }));
      return b.add(b.add(x, p), q);
    });
    const model = await build(network, [3]);
    model.forward([1, 2, 3]);
    const dy = [1, -2, 3];
    expect([...model.backward(dy).data]).toEqual(dy);
    for (const { data } of model.gradients().values()) expect([...data]).toEqual(dy);
  });

  it("of places and comparisons are none", async () => {
    const network = new Own((b, x) => {
      const place = reduce(b, "argMax", x, { keepDims: true });
      return binary(b, "add", unary(b, "sign", x), binary(b, "mul", x, binary(b, "less", place, x)));
    });
    const model = await build(network, [3]);
    expect([...model.forward([3, 0.5, 2]).data]).toEqual([4, 1.5, 3]);
    expect([...model.backward([1, 2, 3]).data]).toEqual([1, 2, 3]);
  });

  it("names what does not fit", async () => {
    const of = (recording: (b: Builder, x: ValueId) => ValueId) => build(new Own(recording), [4, 3]);
    await expect(of((b, x) => binary(b, "mul", x, b.parameter("w", [4], { init: 1 })))).rejects.toThrow(
      "operands expected shapes that broadcast, got [1, 4, 3] and [4]",
    );
    await expect(of((b, x) => binary(b, "maxDa" as never, x, x))).rejects.toThrow("function expected add, sub");
    await expect(of((b, x) => unary(b, "cube" as never, x))).rejects.toThrow("function expected affine, power");
    await expect(of((b, x) => unary(b, "power", x, Number.NaN))).rejects.toThrow("numbers expected numbers");
    await expect(of((b, x) => reduce(b, "sum", x, { axes: [3] }))).rejects.toThrow("axes expected each one of 3, once");
    await expect(of((b, x) => reduce(b, "median" as never, x))).rejects.toThrow("reduction expected sum");
    await expect(of((b, x) => new PReLU(4).build(b, x))).rejects.toThrow("input expected [n, ..., 4], got [1, 4, 3]");
  });
});
