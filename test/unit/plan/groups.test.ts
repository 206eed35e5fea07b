// Groups of kernels: a model loads the file that its first plan needs, and must never need another.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GROUPS, KERNELS, type KernelName, SIGNATURES } from "../../../src/abi/records.js";
import {
  cifarResNet,
  GELU,
  type Layer,
  LayerNorm,
  LayerScale,
  Linear,
  resnet18,
  Sequential,
  Softmax,
} from "../../../src/faces/main.js";
import { NOWHERE } from "../../../src/graph/context.js";
import { encode } from "../../../src/program/encode.js";
import { RUNS, type Sample, samples } from "../../support/networks.js";
import { kinds, planOf } from "./requests.js";

type Kind = (typeof kinds)[string];
const needs = (sample: Sample, kind: Kind) => encode(planOf(sample, kind), NOWHERE).group;
const sampleOf = (network: Layer, inputShape: number[]) => ({ network, inputShape, batchSize: 1 }) as Sample;

describe("the group of a model's kernels", () => {
  it.each([
    ["cifarResNet", cifarResNet(20), [32, 32, 3], "classic"],
    ["resnet18", resnet18(), [64, 64, 3], "classic"],
    ["a kernel of the second group", new Sequential(new Linear(4, 3), new LayerNorm(3)), [4], "further"],
    ["an activation of the second group, in a product", new Sequential(new Linear(4, 3), new GELU()), [4], "further"],
    ["a kernel of the third group", new Sequential(new Linear(4, 3), new LayerScale(3)), [4], "rare"],
    ["a softmax", new Sequential(new Linear(4, 3), new Softmax()), [4], "further"],
  ] as [string, Layer, number[], string][])("%s", (_, network, inputShape, group) => {
    expect(needs(sampleOf(network, inputShape), kinds.predict)).toBe(group);
  });

  it.each(Object.entries(kinds))("is that of a prediction of one sample: %s", (_, kind) => {
    fc.assert(
      fc.property(samples, (sample) => {
        const first = GROUPS.indexOf(needs({ ...sample, batchSize: 1 }, kinds.predict));
        const { group } = encode(planOf(sample, kind), { ...NOWHERE });
        expect(needs(sample, kind)).toBe(group);
        expect(GROUPS.indexOf(group)).toBeLessThanOrEqual(first);
      }),
      RUNS,
    );
  });

  it("is, for a gradient, the group of its forward kernel or the first", () => {
    const groupIn = (name: string) =>
      GROUPS.find((group) => SIGNATURES[name as KernelName].startsWith(group)) ?? GROUPS[0];
    const gradients = Object.keys(KERNELS).filter((name) => /_d[xw]$/.test(name));
    const forward = (name: string) => name.replace(/_d[xw]$/, "");
    const known = gradients.filter((name) => forward(name) in KERNELS);
    expect(known.length).toBeGreaterThan(15);
    const foreign = known.filter((name) => ![GROUPS[0], groupIn(forward(name))].includes(groupIn(name)));
    expect(foreign).toEqual([]);
  });
});
