/** The examples of a run: those trained on, and others of the same kind to test with. */
import { arrayDataset, type ClassDataset, glyphs } from "resnet-wasm/data";
import { drawPoints, POINT_CLASSES, type Points } from "./points.js";
import type { Settings } from "./settings.js";

export interface Examples {
  train: ClassDataset;
  /** Own points have none but themselves. */
  test: ClassDataset;
  /** The points of `train` and `test`, where there are points. */
  points: { train: Points; test: Points } | null;
}

export const GLYPH_CLASSES = 10;
/** Side of a picture in pixels. */
export const GLYPH_SIDE = 28;

/** Seeds of tests are apart from those of training, which are below 10,000. */
const TEST_SEED = 10_000;

export const pointDataset = ({ xy, labels }: Points): ClassDataset =>
  arrayDataset({ x: xy, y: labels, inputShape: [2], classes: POINT_CLASSES });

export function examplesOf(settings: Settings, own: Points | null): Examples {
  const { data, samples, seed } = settings;
  if (data === "glyphs") {
    const draw = (from: number) =>
      glyphs({ count: samples, classes: GLYPH_CLASSES, size: GLYPH_SIDE, seed: from, flatten: false });
    return { train: draw(seed), test: draw(seed + TEST_SEED), points: null };
  }
  const draw = (from: number): Points => {
    if (data !== "own") return drawPoints(data, samples, settings.noise / 100, from);
    if (!own) throw new Error("examplesOf: own points are to be learnt, and there are none");
    return own;
  };
  const points = { train: draw(seed), test: draw(seed + TEST_SEED) };
  return { train: pointDataset(points.train), test: pointDataset(points.test), points };
}

export interface Batch {
  x: Float32Array;
  labels: Int32Array;
}

/** The first `count` examples, or as many as there are. */
export function firstOf(dataset: ClassDataset, count: number): Batch {
  const indices = Int32Array.from({ length: Math.min(count, dataset.length) }, (_, i) => i);
  const x = new Float32Array(indices.length * dataset.inputShape.reduce((a, b) => a * b, 1));
  const labels = new Int32Array(indices.length);
  dataset.get(indices, x, labels, 0);
  return { x, labels };
}
