// What residual twins compute; test/unit/nn/twins.test.ts has their structure and their names.
import { describe, expect, it } from "vitest";
import { Linear, ReLU, residualTwin, Sequential, Tanh } from "../../../src/hosts/node/index.js";
import { uniform } from "../../golden/generator.js";
import { maxDifference } from "../../golden/load.js";
import { build } from "../../support/setups.js";

const linear = (from: number, to = from) => new Linear(from, to);

describe("residualTwin", () => {
  it("computes x + main(x)", async () => {
    const plain = new Sequential(linear(5), new Tanh(), linear(5), new ReLU());
    const [residual, straight] = [await build(residualTwin(plain), [5]), await build(plain, [5])];
    const main = await build(new Sequential(linear(5), new Tanh(), linear(5)), [5]);
    const x = uniform("twins/x", 50);
    const sum = main.predict(x).data.map((v, i) => Math.max(0, v + x[i]));
    expect(maxDifference(residual.predict(x).data, sum)).toBeLessThan(1e-6);
    expect(straight.predict(x).data).toEqual(main.predict(x).data.map((v) => Math.max(0, v)));
  });

  it("starts blocks of He layers as their shortcuts, so that depth does not explode", async () => {
    const he = () => new Linear(6, 6, { init: "he" });
    const plain = new Sequential(...Array.from({ length: 10 }, () => [he(), new ReLU()]).flat());
    const x = uniform("twins/x", 60).map(Math.abs);
    const model = await build(residualTwin(plain), [6]);
    expect(model.predict(x).data).toEqual(x);
    const moved = await build(residualTwin(plain, { zeroInitResidual: false }), [6]);
    expect(moved.predict(x).data).not.toEqual(x);
  });
});
