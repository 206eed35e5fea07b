// What nobody means, given to every function of resnet-wasm/data: a typed error of bounded length, or a result.
import { describe, expect, it } from "vitest";
import { ResnetWasmError } from "../../../src/core/errors.js";
import * as data from "../../../src/faces/data.js";
import { isOwn, junkArguments } from "../../support/junk.js";

type Called = [name: string, called: (...given: unknown[]) => unknown];

const functions = (Object.entries(data) as unknown as Called[]).filter(
  ([, value]) => typeof value === "function" && !/^class\b/.test(String(value)),
);

const table = data.readCsv("a,b,t\n1,x,2\n2,y,3\n3,x,5\n", { target: "t" });
const transform = data.fitTable(table);
const dataset = data.arrayDataset({ x: [1, 2, 3], y: [0, 1, 0], classes: 2, inputShape: [1] });
const methods: Called[] = [
  ["new TableTransform", (state) => new data.TableTransform(state as never)],
  ["TableTransform.fromJSON", (state) => data.TableTransform.fromJSON(state)],
  ["transform", (of) => transform.transform(of as never)],
  ["inputs", (of) => transform.inputs(of as never)],
  ["inverse", (of) => transform.inverse(of as never)],
  ["get", (...given) => dataset.get(...(given as Parameters<typeof dataset.get>))],
];

describe("junk arguments", () => {
  it("go to all functions", () => {
    expect(functions.length).toBeGreaterThan(30);
  });

  it.each([...functions, ...methods])("to %s are refused by typed errors of bounded length", async (_, called) => {
    for (const given of junkArguments(1, 400)) {
      try {
        await called(...given);
      } catch (error) {
        if (isOwn(error)) continue;
        if (!(error instanceof ResnetWasmError)) throw error;
        expect(error.message.length).toBeLessThan(2500);
      }
    }
  });
});
