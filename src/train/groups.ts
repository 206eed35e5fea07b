/** Parameter groups: parameters with a learning rate and a weight decay of their own. */

import { expectNumber, expectOptions } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import type { Parameter } from "../graph/graph.js";
import type { ParameterRun } from "../optim/runs.js";

/** Parameters with settings of their own. */
export interface ParameterGroup {
  /** Parameters whose state-dict name matches; the first group that matches takes a parameter. */
  match: RegExp | ((name: string) => boolean);
  /** Multiplies the learning rate. Default 1. */
  lrScale?: number;
  /** Overrides the optimiser's weight decay. */
  weightDecay?: number;
}

export function expectGroups(where: string, groups: readonly ParameterGroup[]): readonly ParameterGroup[] {
  if (!Array.isArray(groups)) throw new ArgumentError(expectation(where, "groups", "an array", groups));
  groups.forEach((group, i) => {
    const { match, lrScale = 1, weightDecay = 0 } = expectOptions(where, group, ["match", "lrScale", "weightDecay"]);
    if (!(match instanceof RegExp) && typeof match !== "function")
      throw new ArgumentError(expectation(where, `groups[${i}].match`, "a regular expression or a function", match));
    expectNumber(where, `groups[${i}].lrScale`, lrScale, 0);
    expectNumber(where, `groups[${i}].weightDecay`, weightDecay, 0);
  });
  return groups;
}

/** A parameter of one dimension is a bias, or the scale or shift of a normalisation. */
export const normsAndBiases = ({ shape }: Pick<Parameter, "shape">): boolean => shape.length < 2;

/** What a parameter's group and kind say of it; for `parameterRuns`. */
export function settingsOf(groups: readonly ParameterGroup[], decayNormsAndBiases: boolean) {
  return (parameter: Parameter): Pick<ParameterRun, "lrScale" | "weightDecay"> => {
    const matches = ({ match }: ParameterGroup) =>
      match instanceof RegExp ? parameter.name.search(match) >= 0 : match(parameter.name);
    const { lrScale = 1, weightDecay } = groups.find(matches) ?? {};
    return { lrScale, weightDecay: weightDecay ?? (!decayNormsAndBiases && normsAndBiases(parameter) ? 0 : undefined) };
  };
}
