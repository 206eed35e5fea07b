/** Whether a dataset is one, and fits a model and its loss. */
import { DataError, expectation, ShapeError } from "../core/errors.js";
import { formatShape, last, numel, type Shape, sameShape } from "../core/shape.js";
import { type Dataset, notDataset } from "../data/dataset.js";
import type { Model } from "../model/model.js";
import type { Loss, TargetKind } from "../nn/losses.js";

/** Whether targets mean the same: dimensions of 1 move nothing, and flat ones are in the order of memory. */
function sameTargets(expected: Shape, got: Shape): boolean {
  const sides = (shape: Shape) => shape.filter((side) => side !== 1);
  const flat = sides(got).length <= 1 && numel(got) === numel(expected);
  return flat || sameShape(sides(expected), sides(got));
}

/** Throws `ShapeError` when a dataset does not fit the model, `DataError` when it is none or empty. */
export function expectFits(
  where: string,
  dataset: Dataset,
  loss: Loss,
  { inputShape, outputShape }: Pick<Model, "inputShape" | "outputShape">,
): TargetKind {
  const fault = notDataset(where, dataset);
  if (fault !== undefined) throw new DataError(fault);
  if (dataset.length < 1) throw new DataError(expectation(where, "dataset", "at least one sample", dataset.length));
  const refuse = (name: string, expected: Shape | string, got: Shape | string) => {
    const text = (shape: Shape | string) => (typeof shape === "string" ? shape : formatShape(shape));
    throw new ShapeError(expectation(where, name, text(expected), text(got)));
  };
  if (!sameShape(dataset.inputShape, inputShape)) refuse("dataset.inputShape", inputShape, dataset.inputShape);
  const kind: TargetKind = dataset.targets === "class" ? "indices" : "values";
  if (!loss.targets.includes(kind)) refuse("dataset.targets", `${loss.targets.join(" or ")} for ${loss.type}`, kind);
  const expected = loss.targetShape([1, ...outputShape], kind).slice(1);
  if (dataset.targetShape) {
    if (!sameTargets(expected, dataset.targetShape)) refuse("dataset.targetShape", expected, dataset.targetShape);
  } else if (numel(expected) !== 1) {
    const hint =
      "End the network in a pool over the map, or in Flatten, and a Linear: an output a class; or give the dataset a " +
      "targetShape, a label a place";
    const places = formatShape(outputShape.slice(0, -1));
    refuse(
      "model.outputShape",
      `[${last(outputShape)}] for one label a sample`,
      `${formatShape(outputShape)}, scores for ${places} places. ${hint}`,
    );
  }
  if (dataset.targets !== "class") return kind;
  const { classes, ignoreIndex } = dataset;
  const outputs = last(outputShape);
  if (classes > outputs) refuse("dataset.classes", `at most ${outputs}, the network's outputs`, `${classes}`);
  if (ignoreIndex !== undefined && ignoreIndex !== loss.ignoreIndex)
    refuse("loss", `crossEntropy({ ignoreIndex: ${ignoreIndex} }), as the dataset's`, `${loss.ignoreIndex}`);
  return kind;
}
