// Reads whole datasets, for the tests.
import type { ClassDataset, Dataset, ValueDataset } from "../../../src/data/dataset.js";

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The examples `indices` in buffers of their own; all examples by default. */
export function read(dataset: ClassDataset, indices?: number[], epoch?: number): { x: Float32Array; y: Int32Array };
export function read(dataset: ValueDataset, indices?: number[], epoch?: number): { x: Float32Array; y: Float32Array };
export function read(
  dataset: Dataset,
  indices?: number[],
  epoch?: number,
): { x: Float32Array; y: Int32Array | Float32Array };
export function read(
  dataset: Dataset,
  indices = [...Array(dataset.length).keys()],
  epoch?: number,
): { x: Float32Array; y: Int32Array & Float32Array } {
  const x = new Float32Array(indices.length * size(dataset.inputShape)).fill(Number.NaN);
  const y =
    dataset.targets === "class"
      ? new Int32Array(indices.length).fill(-1)
      : new Float32Array(indices.length * size(dataset.targetShape)).fill(Number.NaN);
  dataset.get(indices, x, y, epoch);
  return { x, y: y as Int32Array & Float32Array };
}
