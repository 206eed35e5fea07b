/** Models among arguments. */
import { ArgumentError, expectation } from "../core/errors.js";
import { Model } from "./model.js";

export function expectModel(where: string, model: unknown): asserts model is Model {
  if (!(model instanceof Model))
    throw new ArgumentError(expectation(where, "model", "a model from createModel or loadModel", model));
}
