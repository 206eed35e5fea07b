// What a network of many layers costs before anything is computed grows as the network does: a file of a megabyte may have
// tens of thousands of layers.
import { describe, expect, it } from "vitest";
import {
  LayerNorm,
  Linear,
  layerFromJSON,
  plainTwin,
  ReLU,
  Residual,
  residualTwin,
  Sequential,
} from "../../../src/faces/main.js";
import { NOWHERE } from "../../../src/graph/context.js";
import { describeNetwork } from "../../../src/model/engine.js";
import { expectNetwork } from "../../../src/model/limits.js";
import { matchStateDict } from "../../../src/model/state.js";
import { summarize } from "../../../src/model/summary.js";
import type { Layer } from "../../../src/nn/layer.js";
import { encode } from "../../../src/program/encode.js";
import { kinds, planOf } from "./requests.js";

const list = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

const networks: Record<string, (layers: number) => Sequential> = {
  norms: (n) => new Sequential(...list(n, () => new LayerNorm(4))),
  activations: (n) => new Sequential(...list(n, () => new ReLU())),
  "weights and activations": (n) => new Sequential(...list(n, (i) => (i % 2 ? new ReLU() : new Linear(4, 4)))),
  "residual blocks": (n) =>
    new Sequential(
      ...list(n / 3, () => new Residual(new Sequential(new Linear(4, 4), new ReLU()), { zeroInit: true })),
    ),
  "blocks in blocks": (n) =>
    new Sequential(
      ...list(n / 60, () =>
        list(60, () => 0).reduce<Layer>((inner) => new Residual(inner, { activation: new ReLU() }), new Linear(4, 4)),
      ),
    ),
};

type Work = (network: Sequential) => unknown;

const plan = (network: Layer, kind: string) =>
  planOf({ network, inputShape: [4], batchSize: 2 }, kinds[kind] ?? kinds.predict!);

const works: Record<string, Work> = {
  "JSON, and back": (network) => {
    expectNetwork("test", network);
    return layerFromJSON(JSON.parse(JSON.stringify(network)));
  },
  "its plain twin": plainTwin,
  "its residual twin": (network) => residualTwin(network),
  "a plan to predict": (network) => encode(plan(network, "predict"), { ...NOWHERE }),
  "a plan to train": (network) => encode(plan(network, "a step of Adam"), { ...NOWHERE }),
  "the search for what is not finite": (network) => plan(network, "everything kept"),
  "its summary": (network) => {
    const described = describeNetwork(network, [4]);
    return summarize(described, described.plan);
  },
  "a state dict that does not fit": (network) => {
    const { parameters, buffers } = describeNetwork(network, [4]);
    const state = new Map(parameters.map(({ name }) => [name, { data: [1], shape: [1] }]));
    if (parameters.length > 0)
      expect(() => matchStateDict({ parameters, buffers }, state)).toThrow(/of the wrong shape/);
  },
};

/** Milliseconds of the processor, which other programs on the machine do not change. */
function cost(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  return process.cpuUsage(start).user / 1000;
}

describe.each(Object.entries(networks))("of %s", (_, make) => {
  const [small, large] = [1500, 6000];

  it.each(Object.entries(works))("%s", (_, work) => {
    work(make(small)); // compiled now
    const [few, many] = [make(small), make(large)];
    const base = Math.max(
      20,
      cost(() => work(few)),
    );
    // Four times the layers: by their square it would be 16. What the garbage collector does beside it counts, too: the least of
    // three.
    let least = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 3 && least >= 9 * base; tries++)
      least = Math.min(
        least,
        cost(() => work(many)),
      );
    expect(least).toBeLessThan(9 * base);
  });
});
