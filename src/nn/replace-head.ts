/** Another head for a network: what people do first with one that others have trained. */
import { ArgumentError, expectation } from "../core/errors.js";
import { integer, optional, readOptions, type Schema, text } from "../core/options.js";
import { LogSoftmax, Sigmoid, Softmax } from "./activations.js";
import { Conv2d } from "./conv.js";
import { Dropout } from "./dropout.js";
import { expectLayer, type Layer, type NewHead } from "./layer.js";
import { Linear } from "./linear.js";
import { AdaptiveAvgPool2d, AvgPool2d } from "./pool.js";
import { ActivationLayer } from "./relu.js";
import { Flatten, Identity, Sequential } from "./sequential.js";

export interface ReplaceHeadOptions {
  /** How many outputs the new head has. */
  classes: number;
  /** The path of the layer to replace, of networks from ONNX files also the node's name. Default: the last with weights. */
  head?: string;
}

const schema = () => ({ classes: integer({ min: 1 }), head: optional(text) }) satisfies Schema<ReplaceHeadOptions>;

/**
 * A network with another head: the last Linear or Conv2d, a product of an imported network, for so many classes; a Softmax or
 * Sigmoid after it is left out, as losses take logits. Gives the network, which knows no weights, and the path of its head, whose
 * weights are the new ones: all others come from the model that there is. Throws `ArgumentError` where there is no such head.
 *
 * @example
 * const { network, head } = replaceHead(model.network, { classes: 5 });
 * const tuned = await createModel(network, { inputShape: model.inputShape, transform: model.transform });
 * tuned.loadStateDict(model.stateDict(), { skip: head });
 * freeze(tuned, /./);
 * unfreeze(tuned, head);
 */
export function replaceHead(network: Layer, options: ReplaceHeadOptions): NewHead {
  const { classes, head } = readOptions("replaceHead", options, schema);
  expectLayer("replaceHead", "network", network);
  const made = network.withHead?.(classes, head) ?? withHead(network, { classes, head }, "");
  if (made) return made;
  const hint = "Make the network with as many classes, and load the weights with { skip }";
  const expected =
    head === undefined ? "a Linear or Conv2d at its end" : `a Linear or Conv2d at its end called ${head}`;
  throw new ArgumentError(expectation("replaceHead", "network", expected, network.type, { hint }));
}

const isFinal = (layer: Layer): boolean =>
  layer instanceof Softmax || layer instanceof LogSoftmax || layer instanceof Sigmoid;

const mayFollow = (layer: Layer): boolean =>
  isFinal(layer) ||
  [ActivationLayer, AdaptiveAvgPool2d, AvgPool2d, Dropout, Flatten, Identity].some((kind) => layer instanceof kind);

/** Looks from the end; null where something else comes first. */
function withHead(
  layer: Layer,
  { classes, head }: { classes: number; head: string | undefined },
  path: string,
): NewHead | null {
  if (layer instanceof Linear || layer instanceof Conv2d) {
    if (head !== undefined && head !== path) return null;
    const network =
      layer instanceof Linear
        ? new Linear(layer.inFeatures, classes, layer.options)
        : new Conv2d(layer.inChannels, classes, layer.options);
    return { network, head: path };
  }
  if (!(layer instanceof Sequential)) return null;
  const last = layer.layers.findLastIndex(([, each]) => !mayFollow(each));
  if (last < 0) return null;
  const [key, old] = layer.layers[last];
  const name = layer.names && Object.hasOwn(layer.names, key) ? layer.names[key] : key;
  const found = withHead(old, { classes, head }, [path, name].filter(Boolean).join("."));
  if (!found) return null;
  const after = layer.layers.slice(last + 1).filter(([, each]) => !isFinal(each));
  const entries = [...layer.layers.slice(0, last), [key, found.network] as const, ...after];
  if (!layer.isNamed) return { ...found, network: new Sequential(...entries.map(([, each]) => each)) };
  const kept = entries.map(([each]) => each);
  const names = Object.fromEntries(Object.entries(layer.names ?? {}).filter(([each]) => kept.includes(each)));
  return { ...found, network: new Sequential(Object.fromEntries(entries), layer.names ? { names } : undefined) };
}
