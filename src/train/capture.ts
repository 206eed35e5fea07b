/** What a checkpoint holds, taken from a trainer at once. */
import type { Tensor } from "../core/tensor.js";
import { CHECKPOINT_KEY } from "../model/architecture.js";
import { readParameter, readStateDict } from "../model/state.js";
import type { StepTrainer } from "./step-trainer.js";

/** What shapes the steps that come next, and must be the same in the trainer that goes on. */
export type Settings = ReturnType<typeof settingsOf>;

export function settingsOf(trainer: StepTrainer) {
  const { optimizer, loss, schedule, ema, clipGradNorm, accumulate, model } = trainer;
  const { seed, frozen, description } = model.engine;
  const { network, inputShape, parameters, buffers } = description;
  return {
    seed,
    optimizer,
    loss,
    schedule,
    ema,
    clipGradNorm,
    accumulate,
    groups: trainer.ownSettings(),
    frozen: [...parameters, ...buffers].map(({ name }) => name).filter((name) => frozen.has(name)),
    inputShape,
    network,
    classNames: trainer.classNames,
  };
}

/** What a tensor that a callback keeps is called in a checkpoint. */
export const callbackTensor = (key: string, name: string): string => `callback.${JSON.stringify(key)}.${name}`;

/** Everything that training goes on from: tensors, and all else as metadata. */
export function captureCheckpoint(trainer: StepTrainer) {
  const { engine } = trainer.model;
  const tensors: Map<string, Tensor> = new Map();
  for (const [name, tensor] of readStateDict(engine)) tensors.set(`model.${name}`, tensor);
  for (const region of trainer.regions)
    for (const parameter of engine.description.parameters)
      tensors.set(`${region}.${parameter.name}`, readParameter(engine, parameter, region));
  const { stepCount, fitState } = trainer;
  const callbacks: Record<string, object> = {};
  for (const [key, { tensors: kept = [], ...state }] of Object.entries(trainer.callbackStates())) {
    callbacks[key] = state;
    for (const [name, tensor] of kept) tensors.set(callbackTensor(key, name), tensor);
  }
  const progress = {
    format: 2,
    stepCount,
    randomStep: engine.randomStep,
    fitState,
    ...settingsOf(trainer),
    ...(Object.keys(callbacks).length > 0 && { callbacks }),
  };
  return { tensors, metadata: { [CHECKPOINT_KEY]: JSON.stringify(progress) } };
}
