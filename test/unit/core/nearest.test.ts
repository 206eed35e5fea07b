// Suggestions for misspelt names: the right one, and soon, whatever the names.
import { describe, expect, it } from "vitest";
import { nearest } from "../../../src/core/nearest.js";

describe("the nearest name", () => {
  it.each([
    ["batchsize", ["epochs", "batchSize"], 2, "batchSize"],
    ["epocs", ["epoch", "epochs"], 2, "epoch"],
    ["layer1.0.conv1.weigth", ["layer1.0.conv1.bias", "layer1.0.conv1.weight"], 9, "layer1.0.conv1.weight"],
    ["seed", ["threads", "prefer"], 1, undefined],
    ["", ["a"], 1, "a"],
    ["x", [], 9, undefined],
  ])("of %j among %j", (name, candidates, most, expected) => {
    expect(nearest(name, candidates, most)).toBe(expected);
  });

  it("is not looked for among names of kilobytes", () => {
    const long = (letter: string) => Array.from({ length: 1000 }, (_, i) => `${letter.repeat(40_000)}${i}`);
    const start = process.cpuUsage();
    for (const name of long("a").slice(0, 20)) expect(nearest(name, long("b"), 20_000)).toBeUndefined();
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(1000);
  });
});
