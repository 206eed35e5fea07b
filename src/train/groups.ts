/** Parameter groups: parameters with a learning rate and a weight decay of their own. */
import { ArgumentError, expectation } from "../core/errors.js";
import { float32, list, number, type Option, optional, readOptions, type Schema } from "../core/options.js";
import type { Parameter } from "../graph/graph.js";
import { matchesParameter, type NamePattern, namePattern } from "../model/names.js";
import type { ParameterRun } from "../optim/runs.js";

/** Parameters with settings of their own. */
export interface ParameterGroup {
  /** Parameters whose state-dict name matches; the first group that matches takes a parameter. */
  match: NamePattern;
  /** Multiplies the learning rate. Default 1. */
  lrScale?: number;
  /** Overrides the optimiser's weight decay. */
  weightDecay?: number;
}

/** An option of the group `name`, called by both names in errors. */
const of =
  <Out, In>(name: string, option: Option<Out, In>): Option<Out, In> =>
  (where, key, value) =>
    option(where, `${name}.${key}`, value);

const schema = (name: string) =>
  ({
    match: of(name, namePattern()),
    lrScale: of(name, optional(float32(number({ min: 0 })))),
    weightDecay: of(name, optional(float32(number({ min: 0 })))),
  }) satisfies Schema<ParameterGroup>;

const group: Option<ParameterGroup> = (where, name, value) => readOptions(where, value, () => schema(name));

export const parameterGroups: Option<readonly ParameterGroup[], readonly ParameterGroup[] | undefined> = (
  where,
  name,
  value = [],
) => list(group)(where, name, value);

/** Throws `ArgumentError` on a path that no parameter has: it was meant as something else. */
export function expectPaths(where: string, groups: readonly ParameterGroup[], parameters: readonly Parameter[]): void {
  groups.forEach(({ match }, i) => {
    if (typeof match === "string" && !parameters.some((entry) => matchesParameter(match, entry)))
      throw new ArgumentError(expectation(where, `groups[${i}].match`, "the path of a layer or parameter", match));
  });
}

/** A parameter of one dimension is a bias, or the scale or shift of a normalisation. */
const normsAndBiases = ({ shape }: Pick<Parameter, "shape">): boolean => shape.length < 2;

/** What a parameter's group and kind say of it; for `parameterRuns`. */
export function settingsOf(groups: readonly ParameterGroup[], decayNormsAndBiases: boolean) {
  return (parameter: Parameter): Pick<ParameterRun, "lrScale" | "weightDecay"> => {
    const { lrScale = 1, weightDecay } = groups.find(({ match }) => matchesParameter(match, parameter)) ?? {};
    return { lrScale, weightDecay: weightDecay ?? (!decayNormsAndBiases && normsAndBiases(parameter) ? 0 : undefined) };
  };
}
