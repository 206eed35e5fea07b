/** Whether a dataset is one for a model: its samples' shape, and how they were prepared. */
import { expectation, ShapeError } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { formatShape, type Shape, sameShape } from "../core/shape.js";
import type { Dataset } from "../data/dataset.js";

/** Compares what is known of a dataset's preparation with the transform of a model that has one. */
export async function expectTransformed(
  where: string,
  { transform }: { readonly transform?: unknown },
  ...datasets: Dataset[]
): Promise<void> {
  if (transform === undefined || transform === null) return;
  const { expectPrepared } = await demanded(where, import("./prepared.js"));
  for (const dataset of datasets) expectPrepared(where, dataset, transform);
}

/** The same, and the shape of samples, for what goes through a dataset by itself. Throws `ShapeError`. */
export async function expectBelongs(
  where: string,
  model: { readonly inputShape: Shape; readonly transform?: unknown },
  dataset: Dataset,
): Promise<void> {
  const { inputShape } = dataset;
  if (!sameShape(inputShape, model.inputShape))
    throw new ShapeError(
      expectation(where, "dataset.inputShape", formatShape(model.inputShape), formatShape(inputShape)),
    );
  await expectTransformed(where, model, dataset);
}
