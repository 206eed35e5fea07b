/** `fit({ mix })`: batches whose samples are mixed with one another. Loaded on demand. */
import { ArgumentError, describe, expectation } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import { augment, type BatchAugmentation } from "../data/image/augment.js";

/** The dataset as `augment` mixes it: checkpoints know how, and go on with nothing else. */
export function mixed(dataset: Dataset, mix: unknown): Dataset {
  const list: readonly unknown[] = Array.isArray(mix) ? mix : [mix];
  const isMixing = (value: unknown): value is BatchAugmentation =>
    (Object(value) as Partial<BatchAugmentation>).kind === "batch";
  if (list.length > 0 && list.every(isMixing)) return augment(dataset, list);
  throw new ArgumentError(expectation("fit", "mix", "mixup() or cutmix(), or an array of them", describe(mix)));
}
