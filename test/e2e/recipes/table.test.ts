// trainTable: tables of one's own making, here and in a worker; the saved model; what is printed and refused.
import { describe, expect, it } from "vitest";
import { readCsv, TableTransform } from "../../../src/faces/data.js";
import { loadModel } from "../../../src/hosts/node/index.js";
import { trainTable } from "../../../src/hosts/node/recipes.js";
import { activations, createTrainer, freeze, unfreeze } from "../../../src/hosts/node/worker.js";
import { averagedNetwork, binWeights } from "../../../src/recipes/table-network.js";
import { build } from "../../support/setups.js";
import { openModel } from "../worker/open.js";

/** 240 invented plants: the kind follows from light and soil, the height from light and water; some waters are not known. */
function plants(): string {
  let state = 11;
  const uniform = () => (state = (1664525 * state + 1013904223) % 2 ** 32) / 2 ** 32;
  const rows = Array.from({ length: 240 }, (_, i) => {
    const [light, water] = [uniform(), uniform()];
    const soil = ["clay", "sand", "loam"][Math.floor(3 * uniform())];
    const kind = soil === "sand" ? "cactus" : light > 0.5 ? "sunflower" : "fern";
    const height = 40 + 30 * Math.sin(6 * light) + 20 * water + 2 * uniform();
    return [i, light.toFixed(3), i % 12 === 0 ? "" : water.toFixed(3), soil, kind, height.toFixed(2), kind[0]].join(
      ",",
    );
  });
  return ["row,light,water,soil,kind,height,initial", ...rows].join("\n");
}
const csv = plants();
const quick = { folds: 3, repeats: 1, width: 24, epochs: 30, patience: 6, print: null } as const;

describe("trainTable", () => {
  it("learns classes, prints its choices, and gives a model that knows its table", async () => {
    const lines: string[] = [];
    const { model, table, evaluation, report } = await trainTable(csv, {
      ...quick,
      target: "kind",
      ignore: ["height"],
      print: (line) => lines.push(line),
    });
    const text = lines.join("\n");
    expect(text).toContain("240 rows, 5 columns beside the target; the first row has names");
    expect(text).toContain("row: left out, as it numbers the rows");
    expect(text).toContain("initial: left out, as it alone decides kind");
    expect(text).toContain("water: number, 201 values, 20 missing");
    expect(text).toContain("3 networks on 6 inputs");
    expect(text).toContain(report.text.split("\n").at(-1));
    expect(report.html).toContain("row: left out, as it numbers the rows");
    expect(report.columns.map(({ use }) => use)).toEqual(["left out", "number", "number", "category", "left out"]);
    expect(evaluation.samples).toBe(240);
    expect(evaluation.accuracy).toBeGreaterThan(0.93);
    expect(evaluation.accuracy).toBeGreaterThan(evaluation.constant.accuracy ?? 1);
    expect(evaluation.metrics.confusionMatrix?.flat().reduce((a, b) => a + b)).toBe(240);
    expect(model.classNames).toEqual(["cactus", "fern", "sunflower"]);

    const again = await loadModel(await model.save());
    const rows = readCsv("light,water,soil\n0.9,0.4,clay\n0.1,,loam\n0.7,0.2,sand");
    const inputs = TableTransform.fromJSON(again.transform).inputs(rows);
    expect(inputs).toEqual(table.inputs(rows));
    const { data } = again.predict({ data: inputs, shape: [3, ...table.inputShape] });
    const best = [0, 3, 6].map((at) => [...data.subarray(at, at + 3)].indexOf(Math.max(...data.subarray(at, at + 3))));
    expect(best.map((i) => again.classNames?.[i])).toEqual(["sunflower", "fern", "cactus"]);
  });

  it("learns numbers in their own unit, better than a line", async () => {
    const { model, table, evaluation } = await trainTable(csv, { ...quick, target: 5, ignore: ["kind", "initial"] });
    expect(evaluation.metrics.rmse).toBeLessThan(0.6 * (evaluation.linear.metrics.rmse ?? 0));
    expect(evaluation.linear.metrics.rmse).toBeLessThan(evaluation.constant.metrics.rmse ?? 0);
    const all = readCsv(csv, { target: "height" });
    const { data } = model.predict({ data: table.inputs(all), shape: [all.length, ...table.inputShape] });
    const actual = all.target?.numbers ?? new Float64Array(0);
    const rmse = Math.sqrt(actual.reduce((sum, value, i) => sum + (value - data[i]) ** 2, 0) / actual.length);
    expect(rmse).toBeLessThan(1.2 * (evaluation.metrics.rmse ?? 0));
    expect(table.inverse(data.subarray(0, 2))).toEqual(Float64Array.from(data.subarray(0, 2)));
  });

  it("does the same in a worker, from a table of readCsv", async () => {
    const options = { ...quick, epochs: 3, target: "kind", ignore: ["height"] } as const;
    const here = await trainTable(csv, options);
    const on = { createModel: openModel, createTrainer, freeze, unfreeze, activations };
    const there = await trainTable(readCsv(csv), { ...options, on });
    expect(there.evaluation).toEqual(here.evaluation);
    const [a, b] = [here.model.stateDict(), await there.model.stateDict()];
    expect([...b.keys()]).toEqual([...a.keys()]);
    expect(b.get("mean.weight")).toEqual(a.get("mean.weight"));
    expect(b.get("members.2.linear.weight")).toEqual(a.get("members.2.linear.weight"));
    await there.model.dispose();
  });

  it("leaves rows without a target out, and stops by a signal", async () => {
    const lines: string[] = [];
    const text = "x,y\n1,2.5\n2,\n3,3.5\n4,4.5\n5,5\n6,6.5\n7,7.5";
    const stop = new AbortController();
    const trained = trainTable(text, {
      ...quick,
      target: "y",
      signal: stop.signal,
      print: (line) => {
        lines.push(line);
        if (line.startsWith("network 1")) stop.abort(new Error("enough"));
      },
    });
    await expect(trained).rejects.toThrow("enough");
    expect(lines).toContain("1 rows without a target are left out");
  });

  it.each([
    ["a target that is no column", csv, { target: "colour" }, "readCsv: target expected a column of"],
    ["a target that is always the same", "a,b\n1,x\n2,x\n3,x\n4,x\n5,x\n6,x", { target: "b" }, "at least two classes"],
    ["few rows", "a,b\n1,x\n2,y", { target: "b" }, "expected at least 6 rows, got 2"],
    ["columns that say nothing", "a,b\n1,x\n1,y\n1,x", { target: "b" }, "a column that says something of the target"],
    ["what is no table", 7 as never, { target: "b" }, "csv expected csv text, or a table of readCsv, got 7"],
    ["columns to keep that are none", csv, { target: "kind", keep: ["colour"] }, "keep expected columns of"],
    ["an unknown option", csv, { target: "kind", fold: 3 } as never, 'got "fold". Did you mean "folds"?'],
    ["another entry", csv, { target: "kind", on: {} as never }, "on expected an entry that makes models"],
  ])("refuses %s", async (_, text, options, message) => {
    await expect(trainTable(text, { ...quick, ...options })).rejects.toThrow(message);
  });
});

it("the network of all is the mean of each, on inputs with the share of each bin beside them", async () => {
  const sizes = { inputs: 2, outputs: 1, bins: 2, width: 4, blocks: 1, dropout: 0 };
  const model = await build(averagedNetwork(sizes, 2), [2]);
  const { weight, bias } = binWeights(
    [
      { input: 0, from: 0, to: 1 },
      { input: 1, from: -2, to: 2 },
    ],
    2,
  );
  const zeros = [...model.stateDict()].map(
    ([name, { data, shape }]): [string, { data: Float32Array; shape: readonly number[] }] => [
      name,
      { data: new Float32Array(data.length).fill(name.endsWith("running_var") ? 1 : 0), shape },
    ],
  );
  const state = new Map(zeros);
  state.set("encoding.bins.linear.weight", weight).set("encoding.bins.linear.bias", bias);
  // Each member's last layer reads [deep (4), values (2), bins (2)].
  state.set("members.0.linear.weight", { data: Float32Array.from([0, 0, 0, 0, 1, 0, 0, 0]), shape: [1, 8] });
  state.set("members.1.linear.weight", { data: Float32Array.from([0, 0, 0, 0, 0, 0, 10, 100]), shape: [1, 8] });
  state.set("mean.weight", { data: Float32Array.from([0.5, 0.5]), shape: [1, 2] });
  model.loadStateDict(state);
  const { data } = model.predict([
    [0.25, 0],
    [3, -5],
  ]);
  expect(data[0]).toBeCloseTo((0.25 + 10 * 0.25 + 100 * 0.5) / 2, 4);
  expect(data[1]).toBeCloseTo((3 + 10 * 1 + 0) / 2, 4);
});
