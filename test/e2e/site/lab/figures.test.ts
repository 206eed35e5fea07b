// The figures that the laboratory shows, against the same computed in float64, or by another way through the library.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { borderOf, gridPoints } from "../../../../site/lab/core/border.js";
import { coarseToFine, coordinate, landscapeOf, planeOf } from "../../../../site/lab/core/landscape.js";
import { type LesionResult, lesionsOf, modelWith } from "../../../../site/lab/core/lesions.js";
import { KINDS } from "../../../../site/lab/core/nets.js";
import { weightHistograms } from "../../../../site/lab/core/readings.js";
import { Run } from "../../../../site/lab/core/run.js";
import { DEFAULTS } from "../../../../site/lab/core/settings.js";
import { activations, createModel, type StateDict } from "../../../../src/hosts/node/index.js";
import { forward, layersOf, pointsOf, score } from "./reference.js";

const DEPTH = 6;
let run: Run;
let glyphs: Run;
beforeAll(async () => {
  run = await Run.create({ ...DEFAULTS, depth: DEPTH, width: 8, samples: 100 });
  await run.advance(60);
  glyphs = await Run.create({ ...DEFAULTS, data: "glyphs", depth: 14, samples: 50 });
  await glyphs.advance(10);
});
afterAll(() => {
  run.dispose();
  glyphs.dispose();
});

const all = async (lesions: AsyncGenerator<LesionResult>): Promise<LesionResult[]> => {
  const results: LesionResult[] = [];
  for await (const each of lesions) results.push(each);
  return results;
};

describe.each(KINDS)("the %s net of points", (kind) => {
  const skips = kind === "residual";
  const logitsOf = (state: StateDict, gone?: number) =>
    pointsOf(run.probe.x).map((point) => forward(layersOf(state), point, { skips, gone }));

  it("has the scores of its float64 twin", () => {
    const expected = score(logitsOf(run.twins[kind].model.stateDict()), run.probe.labels);
    const { train } = run.readings.at(-1)!;
    expect(train[kind].loss).toBeCloseTo(expected.loss, 5);
    expect(train[kind].accuracy).toBe(expected.accuracy);
  });

  it("loses with each part what its float64 twin loses", async () => {
    const { model, anatomy } = run.twins[kind];
    const results = await all(lesionsOf(model, anatomy.lesions, run.probe));
    expect(results.length).toBe(skips ? DEPTH / 2 : DEPTH);
    const state = model.stateDict();
    results.forEach(({ score: found }, i) => {
      const expected = score(logitsOf(state, i), run.probe.labels);
      expect(found!.loss).toBeCloseTo(expected.loss, 4);
      expect(found!.accuracy).toBeCloseTo(expected.accuracy, 10);
    });
    // Parts do something: without one of them the net is another.
    const whole = score(logitsOf(state), run.probe.labels);
    expect(results.some(({ score: found }) => Math.abs(found!.loss - whole.loss) > 0.01)).toBe(true);
  });

  it("has the landscape of its float64 twin", async () => {
    const { model, anatomy } = run.twins[kind];
    const state = model.stateDict();
    const plane = planeOf(state, 3);
    const copy = await modelWith(anatomy.network, model);
    const side = 9;
    const found = [...landscapeOf(copy, state, plane, run.probe, side)];
    copy.dispose();
    expect(found.length).toBe(side * side);
    for (const { column, row, loss } of found) {
      const [a, b] = [coordinate(column, side), coordinate(row, side)];
      const weights = new Map(
        [...state].map(([name, { data, shape }]) => {
          const [d, e] = plane.get(name) ?? [];
          return [name, { shape, data: Float64Array.from(data, (w, i) => (d && e ? w + a * d[i] + b * e[i] : w)) }];
        }),
      );
      const expected = score(logitsOf(weights as unknown as StateDict), run.probe.labels).loss;
      expect(Math.abs(loss - expected)).toBeLessThan(1e-4 * Math.max(1, expected));
    }
    // The middle is the net itself.
    const { loss } = found.find(({ column, row }) => column === 4 && row === 4)!;
    expect(loss).toBeCloseTo(run.readings.at(-1)!.train[kind].loss, 10);
  });

  it("has directions with the norms of its own filters", () => {
    const state = run.twins[kind].model.stateDict();
    const plane = planeOf(state, 3);
    expect([...plane.keys()]).toEqual([...state.keys()].filter((name) => name.endsWith("weight")));
    for (const [name, directions] of plane) {
      const { data, shape } = state.get(name)!;
      const size = data.length / shape[0];
      const norm = (of: ArrayLike<number>, f: number) =>
        Math.hypot(...Array.from({ length: size }, (_, i) => of[f * size + i]));
      for (const direction of directions)
        for (let f = 0; f < shape[0]; f++) expect(norm(direction, f)).toBeCloseTo(norm(data, f), 5);
      expect(directions[0]).not.toEqual(directions[1]);
    }
  });

  it("has the gradients of differences, and the activations and sums of float64", () => {
    const { model, anatomy } = run.twins[kind];
    const state = model.stateDict();
    const readings = run.read(kind);
    const h = 1e-5;
    const lossOf = (layers: ReturnType<typeof layersOf>) =>
      score(
        pointsOf(run.probe.x).map((point) => forward(layers, point, { skips })),
        run.probe.labels,
      ).loss;
    for (const layer of [0, 1, DEPTH, DEPTH + 1]) {
      const layers = layersOf(state);
      let sum = 0;
      for (const row of layers[layer].weight)
        for (let j = 0; j < row.length; j++) {
          const own = row[j];
          row[j] = own + h;
          const above = lossOf(layers);
          row[j] = own - h;
          sum += ((above - lossOf(layers)) / (2 * h)) ** 2;
          row[j] = own;
        }
      expect(readings.gradients[layer] / Math.sqrt(sum)).toBeCloseTo(1, 2);
    }

    const streams = pointsOf(run.probe.x).map((point) => {
      const seen: number[][] = [];
      const logits = forward(layersOf(state), point, { skips, seen });
      return [...seen, logits];
    });
    const norm = (values: number[]) => Math.sqrt(values.reduce((total, v) => total + v * v, 0));
    readings.activations.forEach((found, layer) => {
      const values = streams.flatMap((seen) => seen[layer]);
      expect(found).toBeCloseTo(norm(values) / Math.sqrt(values.length), 4);
    });
    anatomy.blocks.forEach(({ layers: [first, last] }, block) => {
      const input = streams.flatMap((seen) => seen[first - 1]);
      const output = streams.flatMap((seen) => seen[last]);
      const { change, added } = readings.blocks[block];
      expect(change).toBeCloseTo(norm(output.map((v, i) => v - input[i])) / norm(input), 4);
      if (!skips) expect(added).toBeNull();
      else {
        const second = layersOf(state)[last];
        const branch = streams.flatMap((seen) =>
          second.weight.map((row, i) => row.reduce((total, w, j) => total + w * seen[first][j], second.bias[i])),
        );
        expect(added).toBeCloseTo(norm(branch) / norm(input), 4);
      }
    });
  });

  it("answers all over the plane as its float64 twin", () => {
    const side = 16;
    const { model } = run.twins[kind];
    const border = borderOf(model, side);
    const layers = layersOf(model.stateDict());
    pointsOf(gridPoints(side)).forEach((point, i) => {
      const [first, second] = forward(layers, point, { skips });
      expect(border[i]).toBeCloseTo(1 / (1 + Math.exp(first - second)), 5);
    });
  });

  it("counts every weight once", () => {
    const { model, anatomy } = run.twins[kind];
    const histograms = weightHistograms(model, anatomy, 32);
    histograms.forEach(({ counts, low, high }, i) => {
      const { data } = model.stateDict().get(anatomy.layers[i].weight)!;
      expect(counts.reduce((a, b) => a + b, 0)).toBe(data.length);
      const negative = data.filter((w) => w < 0).length;
      expect(counts.slice(0, 16).reduce((a, b) => a + b, 0)).toBe(negative);
      expect(low).toBe(-high);
    });
  });
});

describe.each(KINDS)("the %s net of pictures", (kind) => {
  it("loses with each block what it loses when the block's branch is set to nothing", async () => {
    const { model, anatomy } = glyphs.twins[kind];
    const results = await all(lesionsOf(model, anatomy.lesions, glyphs.probe));
    expect(results.map(({ name }) => name)).toEqual([
      "layer1.0",
      "layer1.1",
      "layer2.0",
      "layer2.1",
      "layer3.0",
      "layer3.1",
    ]);
    if (kind === "plain") {
      expect(results.filter(({ score: found }) => found === null).map(({ name }) => name)).toEqual([
        "layer2.0",
        "layer3.0",
      ]);
      return;
    }
    for (const { name, score: found } of results) {
      const copy = await createModel(anatomy.network, { inputShape: [...model.inputShape] });
      const state = new Map(model.stateDict());
      for (const last of ["weight", "bias"]) {
        const { shape, data } = state.get(`${name}.bn2.${last}`)!;
        state.set(`${name}.bn2.${last}`, { shape, data: new Float32Array(data.length) });
      }
      copy.loadStateDict(state);
      const { data } = copy.predict(glyphs.probe.x);
      const rows = Array.from(glyphs.probe.labels, (_, i) => [...data.subarray(10 * i, 10 * i + 10)]);
      const expected = score(rows, glyphs.probe.labels);
      expect(found!.loss).toBeCloseTo(expected.loss, 5);
      expect(found!.accuracy).toBe(expected.accuracy);
      copy.dispose();
    }
  });

  it("is read at paths that it has", () => {
    const { anatomy, model } = glyphs.twins[kind];
    const readings = glyphs.read(kind);
    expect(readings.gradients.every((norm) => norm > 0 && Number.isFinite(norm))).toBe(true);
    readings.blocks.forEach(({ added, change }, i) => {
      const { input, output, skip } = anatomy.blocks[i];
      const seen = activations(model, glyphs.probe.x, [input, output]);
      const same = seen.get(input)!.data.length === seen.get(output)!.data.length;
      expect(change === null).toBe(!same);
      expect(added === null).toBe(kind === "plain");
      expect(skip !== null).toBe(kind === "residual" && !same);
    });
  });
});

it("takes the places of a grid once each, the coarse first", () => {
  const points = coarseToFine(17);
  expect(points.length).toBe(17 * 17);
  expect(new Set(points.map(({ column, row }) => `${column} ${row}`)).size).toBe(17 * 17);
  const spreads = points.map(({ spread }) => spread);
  expect(spreads).toEqual([...spreads].sort((a, b) => b - a));
  expect(spreads.filter((spread) => spread === 4).length).toBe(25);
  expect(() => coarseToFine(12)).toThrow();
});
