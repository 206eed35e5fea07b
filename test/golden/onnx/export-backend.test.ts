// Whatever comes in goes out: the networks of ONNX's backend tests, written again and run by onnxruntime.
import { describe, expect, it } from "vitest";
import { ResnetWasmError } from "../../../src/core/errors.js";
import type { Model, Outputs, Tensor } from "../../../src/hosts/node/index.js";
import { exportOnnx } from "../../../src/onnx/export.js";
import { backendTests, hasBackendTests, openBackendTest } from "../../support/onnx-backend.js";
import { numbers } from "../../support/onnx-build.js";
import { runOutputs } from "../../support/onnx-runtime.js";

/** The model of a test, with a batch or without; undefined where it is refused. */
async function open(folder: string): Promise<{ model: Model; n: number } | undefined> {
  for (const batch of [true, false])
    try {
      return { model: (await openBackendTest(folder, batch)).model, n: batch ? 2 : 1 };
    } catch (error) {
      if (!(error instanceof ResnetWasmError)) throw error;
    }
  return undefined;
}

const isNear = (y: Tensor, other: { data: ArrayLike<number>; shape: readonly number[] }): boolean =>
  y.shape.join() === other.shape.join() &&
  y.data.every(
    (value, i) => Object.is(value, other.data[i]) || Math.abs(value - other.data[i]!) <= 1e-4 * Math.abs(value) + 1e-5,
  );

describe.skipIf(!hasBackendTests)("ONNX's backend tests (skipped without Debian's libonnx-testdata)", () => {
  it("go out as onnxruntime has them, where they come in", async () => {
    const others: string[] = [];
    let count = 0;
    for (const { name, folder } of backendTests()) {
      const opened = await open(folder);
      if (!opened) continue;
      const { model, n } = opened;
      count++;
      const shape = [n, ...model.inputShape];
      // Above 0: of logarithms and roots, too, something comes.
      const data = Float32Array.from(
        numbers(
          shape.reduce((a, b) => a * b, 1),
          7,
        ),
        (value) => Math.abs(value) + 0.1,
      );
      try {
        const made = model.predict<Tensor | Outputs>({ data, shape });
        const own = model.outputShapes ? Object.values(made as Outputs) : [made as Tensor];
        const theirs = Object.values(await runOutputs(exportOnnx(model), { data, shape }));
        if (!own.every((y, i) => isNear(y, theirs[i]!))) others.push(name);
      } catch (error) {
        others.push(`${name}: ${error}`);
      }
      model.dispose();
    }
    expect(others).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(615);
  }, 300_000);
});
