/** Twins: any plain network with its skip connections added, and any residual one with them taken away. */
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, oneOf, optional, type Read, readOptions, type Schema } from "../core/options.js";
import { Normalization } from "./batch-norm.js";
import { Block } from "./blocks.js";
import { Conv2d } from "./conv.js";
import { Dropout } from "./dropout.js";
import { Composite, expectLayer, type Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { ActivationLayer } from "./relu.js";
import { Residual } from "./residual.js";
import { Sequential } from "./sequential.js";

export interface ResidualTwinOptions {
  /** Weight layers that each skip connection passes over. Default 2. */
  every?: number;
  /** `"projection"` also adds skips where the width changes, by a learned linear map. Default `"identity"`: only where it stays. */
  shortcut?: "identity" | "projection";
  /**
   * Starts each block as its shortcut. Default: where the block has He initialisation, which keeps the variance of a
   * plain net; the sum of block and shortcut would have twice that, 25 blocks 2^25 times, and training would overflow.
   */
  zeroInitResidual?: boolean;
}

const schema = () =>
  ({
    every: integer({ min: 1, default: 2 }),
    shortcut: oneOf(["identity", "projection"], "identity"),
    zeroInitResidual: optional(flag()),
  }) satisfies Schema<ResidualTwinOptions>;

/** A weight layer with what follows it up to the next one. */
interface Unit {
  layers: Layer[];
  keepsShape: boolean;
}

/**
 * The network with skip connections: every `every` weight layers a + main(a) takes the place of main(a), inside the
 * last activation. Layers before the first weight layer, groups that change the width, and what is left over at
 * the end stay as they are. Nested Sequentials are treated one by one. With identity shortcuts both twins have the
 * same parameters in the same order, so the same seed gives them the same weights, but for those that start at 0.
 *
 * @example
 * const residual = residualTwin(plainTwin(residualMLP({ in: 8, width: 16, blocks: 4, out: 2 })));
 */
export function residualTwin(plain: Layer, options?: ResidualTwinOptions): Sequential {
  const settings = readOptions("residualTwin", options, schema);
  expectLayer("residualTwin", "network", plain);
  if (!(plain instanceof Sequential))
    throw new ArgumentError(expectation("residualTwin", "network", "a Sequential", plain.type));
  return twin(plain, settings);
}

type WeightLayer = Linear | Conv2d;

const isWeightLayer = (layer: Layer): layer is WeightLayer => layer instanceof Linear || layer instanceof Conv2d;

/** Layers that belong to the weight layer in front of them; any other one, such as a pool, ends a group. */
const follows = (layer: Layer): boolean =>
  [ActivationLayer, Normalization, Dropout].some((kind) => layer instanceof kind);

function keepsShape(layer: WeightLayer): boolean {
  if (layer instanceof Linear) return layer.inFeatures === layer.outFeatures;
  const { kernelSize, stride, padding, dilation } = layer.options;
  const same = [0, 1].every((i) => stride[i] === 1 && 2 * padding[i] === dilation[i] * (kernelSize[i] - 1));
  return same && layer.inChannels === layer.outChannels;
}

type Settings = Read<ReturnType<typeof schema>>;

function twin(plain: Sequential, settings: Settings): Sequential {
  const result: Layer[] = [];
  const units: Unit[] = [];
  for (const [, layer] of plain.layers) {
    if (isWeightLayer(layer)) units.push({ layers: [layer], keepsShape: keepsShape(layer) });
    else if (units.length > 0 && follows(layer)) units[units.length - 1].layers.push(layer);
    else {
      result.push(...wrap(units.splice(0), settings));
      result.push(layer instanceof Sequential ? twin(layer, settings) : layer);
    }
  }
  return new Sequential(...result, ...wrap(units, settings));
}

function wrap(units: Unit[], { every, shortcut, zeroInitResidual }: Settings): Layer[] {
  const result: Layer[] = [];
  for (let at = 0; at < units.length; ) {
    const group = units.slice(at, at + every);
    const layers = group.flatMap((unit) => unit.layers);
    const activation = layers.findLastIndex((layer) => layer instanceof ActivationLayer);
    const fits = shortcut === "projection" || group.every(({ keepsShape }) => keepsShape);
    // The last activation of a group moves after the sum, with what follows it (dropout); a group that does not end in
    // one is the network's output.
    const inLast = activation >= layers.length - group[group.length - 1].layers.length;
    if (group.length === every && fits && inLast) {
      const zeroInit = zeroInitResidual ?? (group[every - 1].layers[0] as WeightLayer).options.init === "he";
      const main = new Sequential(...layers.slice(0, activation));
      const last = layers[activation] as ActivationLayer;
      result.push(new Residual(main, { shortcut, activation: last, zeroInit }), ...layers.slice(activation + 1));
      at += every;
    } else {
      result.push(...units[at].layers);
      at += 1;
    }
  }
  return result;
}

/**
 * The network without its skip connections: each Residual becomes its main branch followed by its activation, each
 * ready-made block its own plain form. Unnamed Sequentials are dissolved into the one around them; named ones, and so
 * the ready-made ResNets, keep their names.
 *
 * @example
 * const plain = plainTwin(cifarResNet(20)); // the same network without skip connections
 */
export function plainTwin(network: Layer): Layer {
  expectLayer("plainTwin", "network", network);
  const layers = flatten(network);
  return layers.length === 1 ? layers[0] : new Sequential(...layers);
}

/** A layer's plain form, as the layers that take its place. */
function flatten(layer: Layer): Layer[] {
  if (layer instanceof Residual) return [...flatten(layer.main), ...(layer.activation ? [layer.activation] : [])];
  if (layer instanceof Block) return [layer.plain()];
  if (layer instanceof Composite) return flatten(layer.body);
  if (!(layer instanceof Sequential)) return [layer];
  if (!layer.isNamed) return layer.layers.flatMap(([, child]) => flatten(child));
  const named = layer.layers.map(([name, child]) => {
    const plain = child instanceof Sequential && !child.isNamed ? [new Sequential(...flatten(child))] : flatten(child);
    return [name, plain.length === 1 ? plain[0] : new Sequential(...plain)] as const;
  });
  return [new Sequential(Object.fromEntries(named), { names: layer.names })];
}
