/** What must be the same for an interrupted training to go on as if it had not stopped, and what is not. */
import { demanded } from "../core/on-demand.js";
import type { Dataset } from "../data/dataset.js";
import { augmentationDescription, datasetDescription } from "../data/description.js";
import { type DatasetIdentity, type FitState, OWN, type Passage } from "./passage.js";

/** A trainer, as far as fits that were interrupted take it. */
export interface Resumable {
  fitState: FitState;
  /** The place of the interrupted fit came from a checkpoint. */
  loaded: boolean;
}

function identityOf(dataset: Dataset): DatasetIdentity {
  const { inputShape, targets, classNames } = dataset;
  const kind = dataset.targets === "class" ? { classes: dataset.classes } : {};
  const { targetShape, getWeights } = dataset;
  const weighted = getWeights !== undefined || undefined;
  const names = classNames && { classNames };
  return { inputShape, targets, ...kind, ...names, targetShape, weighted, ...madeOf(dataset) };
}

function madeOf(dataset: Dataset): Pick<DatasetIdentity, "made" | "transform"> {
  const made: unknown[] = [];
  for (let at: Dataset | undefined = dataset; at; ) {
    const { transform }: { transform?: unknown } = Object(at);
    if (transform !== undefined) return { made, transform }; // pictures of a folder
    const description = datasetDescription(at);
    if (!description) return made.length > 0 ? { made: [...made, OWN] } : {};
    at = "dataset" in description ? description.dataset : undefined;
    const { type } = description;
    if (type === "normalise") made.push({ type, mean: description.mean, std: description.std });
    if (type === "augment") {
      const augmentations = description.augmentations.map((each) => augmentationDescription(each) ?? { type: "own" });
      made.push({ type, seed: description.seed, augmentations });
    }
  }
  return { made };
}

/** Which batches a fit is asked for; what is left out is as in the fit that it goes on with, or the default. */
export interface AskedBatches {
  epochs?: number | undefined;
  batchSize?: number | undefined;
  shuffle?: boolean | undefined;
  dropLast?: boolean | undefined;
}

/** How a fit goes through its dataset, and whether it goes on with an interrupted one. */
interface Settled {
  passage: Required<Passage>;
  goesOn: boolean;
}

/**
 * Tells where `fit` begins: at the place of an interrupted fit with the same dataset, batches and epochs, or anew with
 * others, so that as many epochs are run as were asked for. Changes nothing: what is checked after it may refuse the fit.
 * After `trainer.load` another dataset or other batches are more likely an error than meant, so that they are refused.
 */
export async function settlePassage(
  trainer: Readonly<Resumable>,
  dataset: Dataset,
  given: AskedBatches,
): Promise<Settled> {
  const state = trainer.fitState;
  const settle = (last: Partial<Passage>): Required<Passage> => ({
    length: dataset.length,
    batchSize: given.batchSize ?? last.batchSize ?? 32,
    dropLast: given.dropLast ?? last.dropLast ?? false,
    epochs: given.epochs ?? last.epochs ?? 1,
    shuffle: given.shuffle ?? last.shuffle ?? true,
    dataset: identityOf(dataset),
  });
  if (!state.current) return { passage: settle({}), goesOn: false };
  const passage = settle(state.current);
  const { goesOn } = await demanded("fit", import("./differences.js"));
  return goesOn(state.current, passage, trainer.loaded)
    ? { passage, goesOn: true }
    : { passage: settle({}), goesOn: false };
}

/** Gives up the place of an interrupted fit. An epoch that was begun is not shuffled in the same order again. */
export function leaveFit({ fitState }: Resumable): void {
  if (fitState.current && fitState.current.step > 0) fitState.epoch++;
  fitState.current = null;
}
