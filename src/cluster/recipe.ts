/** What was done to a named dataset, so that other machines do it, too. */
import { ArgumentError, expectation } from "../core/errors.js";
import type { Dataset } from "../data/dataset.js";
import { augmentationDescription, datasetDescription } from "../data/description.js";
import { makeDataset } from "../worker/make-dataset.js";
import type { DatasetName } from "./named.js";

/** A dataset that every machine has opened. */
export interface Named {
  name: DatasetName;
  digest: string;
}

/** Views of a named dataset, from the inside out, as JSON; indices in base64. */
export type View =
  | { type: "subset"; indices: string }
  | { type: "normalise"; mean: number[]; std: number[] }
  | { type: "augment"; augmentations: { type: string; options: object }[]; seed: number }
  | { type: "rows" };

/** Throws `ArgumentError` where a dataset is no view of a named one, or only functions know what was done to it. */
export function recipeOf(
  where: string,
  dataset: Dataset,
  find: (dataset: Dataset) => Named | undefined,
): Named & { views: View[] } {
  const views: View[] = [];
  for (let at = dataset; ; ) {
    const named = find(at);
    if (named) return { ...named, views };
    const description = datasetDescription(at);
    const hint =
      "Other machines have to open it: await cluster.dataset({ module, … }); what functions do belongs in the module";
    if (!description || !("dataset" in description))
      throw new ArgumentError(
        expectation(where, "dataset", "one of cluster.dataset(), or a view of one", "another", { hint }),
      );
    views.unshift(viewOf(where, description, hint));
    at = description.dataset;
  }
}

function viewOf(where: string, description: NonNullable<ReturnType<typeof datasetDescription>>, hint: string): View {
  switch (description.type) {
    case "subset":
      return {
        type: "subset",
        indices: Buffer.from(new Uint8Array(description.indices.slice().buffer)).toString("base64"),
      };
    case "normalise":
      return { type: "normalise", mean: [...description.mean], std: [...description.std] };
    case "augment":
      return {
        type: "augment",
        seed: description.seed,
        augmentations: description.augmentations.map((each) => {
          const told = augmentationDescription(each);
          if (told) return told;
          throw new ArgumentError(
            expectation(where, "augmentation", "one of this library", "one of your own", { hint }),
          );
        }),
      };
    default:
      return { type: "rows" };
  }
}

/** The dataset with all views. */
export function withViews(dataset: Dataset, views: readonly View[]): Dataset {
  return views.reduce<Dataset>((inner, view) => {
    const find = () => inner;
    if (view.type !== "subset") return makeDataset({ ...view, dataset: 0 }, find);
    const bytes = new Uint8Array(Buffer.from(view.indices, "base64"));
    return makeDataset({ type: "subset", dataset: 0, indices: new Int32Array(bytes.buffer) }, find);
  }, dataset);
}
