/** Learning rates that fall from the head of a network to its stem (Clark et al. 2020, arXiv:2003.10555, appendix A). */
import { ArgumentError, expectation } from "../core/errors.js";
import { ipow } from "../core/math.js";
import { checked, isRecord, number, optional, readOptions, type Schema, text } from "../core/options.js";
import { entriesOf } from "../core/tag.js";
import type { StateDictLike } from "../model/state.js";
import type { ParameterGroup } from "./groups.js";

export interface LayerDecayOptions {
  /** Each layer's rate over that of the next one towards the head, whose own is 1. Default 0.75. */
  decay?: number;
  /**
   * What the layer of a parameter is called: a path in front of its name. Default: up to the first number, "layer1.0" of
   * "layer1.0.conv1.weight", else all but the last word, "conv1" of "conv1.weight".
   */
  layerOf?: (name: string) => string;
}

const where = "layerDecay";

const layerPath = (name: string): string => /^(?:[^.]+\.)*?\d+(?=\.)/.exec(name)?.[0] ?? name.replace(/\.[^.]*$/, "");

const schema = () =>
  ({
    decay: number({ min: 0, max: 1, open: "min", default: 0.75 }),
    layerOf: optional(
      checked("a function", (value): value is (name: string) => string => typeof value === "function"),
      layerPath,
    ),
  }) satisfies Schema<LayerDecayOptions>;

/**
 * Groups for `createTrainer` in which the last layer of a state dict learns at the full rate, the one before it at `decay` times that,
 * and so on to the first: for fine-tuning, where early layers know what they are to know.
 *
 * ```ts
 * const groups = layerDecay(model.stateDict(), { decay: 0.7 });
 * const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new AdamW({ lr: 1e-3 }), groups });
 * ```
 *
 * @example
 * createTrainer(model, { loss: crossEntropy(), optimizer: new AdamW({ lr: 1e-3 }), groups: layerDecay(model.stateDict(), { decay: 0.75 }) });
 */
export function layerDecay(state: StateDictLike, options?: LayerDecayOptions): ParameterGroup[] {
  const { decay, layerOf } = readOptions(where, options, schema);
  const entries = entriesOf(where, state);
  if (entries.length === 0 || !entries.every(([, value]) => isRecord(value)))
    throw new ArgumentError(expectation(where, "state", "the tensors of model.stateDict()", state));
  const layers = [...new Set(entries.map(([name]) => text(where, "layerOf(name)", layerOf(name))))];
  return layers.map((match, i) => ({ match, lrScale: ipow(decay, layers.length - 1 - i) }));
}
