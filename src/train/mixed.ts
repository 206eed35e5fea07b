/** `fit({ mix })`: batches whose samples are mixed with one another. Loaded on demand. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import type { BatchAugmentation } from "../data/image/augment.js";

/** The dataset as `augment` mixes it: checkpoints know how, and go on with nothing else. */
export function mixed(dataset: Dataset, mix: unknown): Dataset {
  const list: readonly unknown[] = Array.isArray(mix) ? mix : [mix];
  const isMixing = (value: unknown): value is BatchAugmentation =>
    (Object(value) as Partial<BatchAugmentation>).kind === "batch";
  const all = list.filter(isMixing);
  const { augment } = all.find((each) => each.augment) ?? {};
  if (augment && all.length === list.length) return augment(dataset, all);
  const hint = "By one of your own: fit(augment(dataset, [yours]))";
  const expected = "mixup() or cutmix(), or an array of them";
  throw new ArgumentError(expectation("fit", "mix", expected, describe(mix), { hint }));
}
