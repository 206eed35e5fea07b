/**
 * Taking parts out of a trained net without training it further (Veit et al. 2016, arXiv:1605.06431): of the residual net a
 * block, so that its skip connection alone is left, of the plain net a layer.
 */
import { createModel, type Layer, type Model } from "resnet-wasm";
import type { Batch } from "./datasets.js";
import { type Score, scoreOf } from "./loss.js";
import type { Lesion } from "./nets.js";

export interface LesionResult extends Pick<Lesion, "name" | "layers"> {
  /** Null where the net does not fit together without this part. */
  score: Score | null;
}

/** A net of other layers with the weights that a model has at the same names. */
export async function modelWith(network: Layer, trained: Model): Promise<Model> {
  const model = await createModel(network, { inputShape: [...trained.inputShape], threads: 1 });
  const state = trained.stateDict();
  model.loadStateDict(new Map([...model.stateDict().keys()].map((name) => [name, take(state, name)])));
  return model;
}

function take(state: ReturnType<Model["stateDict"]>, name: string) {
  const tensor = state.get(name);
  if (!tensor) throw new Error(`modelWith: the trained net has no ${name}`);
  return tensor;
}

/** One part after the other; each time the rest of the net is whole. */
export async function* lesionsOf(trained: Model, lesions: Lesion[], batch: Batch): AsyncGenerator<LesionResult> {
  for (const { name, layers, network } of lesions) {
    if (!network) {
      yield { name, layers, score: null };
      continue;
    }
    const model = await modelWith(network(), trained);
    const score = scoreOf(model.predict(batch.x).data, batch.labels);
    model.dispose();
    yield { name, layers, score };
  }
}
