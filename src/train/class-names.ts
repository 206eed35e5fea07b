/** Names of classes, compared by their order wherever two datasets meet: a class is its place in that list. */
import { DataError, expectation } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";

/** The names of a dataset's classes; undefined where it has none. */
export const classNamesOf = (dataset: Dataset): readonly string[] | undefined =>
  dataset.targets === "class" ? dataset.classNames : undefined;

/** Throws `DataError` where classes were trained under other names than a dataset has, or in another order. */
export function expectClassNames(where: string, trained: readonly string[] | undefined, dataset: Dataset): void {
  const given = classNamesOf(dataset);
  if (!trained || !given) return;
  const length = Math.max(trained.length, given.length);
  const at = Array.from({ length }, (_, i) => i).find((i) => trained[i] !== given[i]);
  if (at === undefined) return;
  const hint =
    "Classes are counted in the order of their names: give loadImageFolder the classNames of the training dataset, a table the transform fitted to it";
  throw new DataError(
    expectation(where, `classNames[${at}]`, trained[at] ?? "none, as in training", given[at] ?? "none", { hint }),
  );
}
