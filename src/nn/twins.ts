/** Twins: any plain network with its skip connections added, and any residual one with them taken away. */
import { expectInteger, expectOneOf, expectOptions } from "../core/check.js";
import { ArgumentError, expectation } from "../core/errors.js";
import { ActivationLayer } from "./activations.js";
import { expectLayer, type Layer } from "./layer.js";
import { Linear } from "./linear.js";
import { Residual } from "./residual.js";
import { Sequential } from "./sequential.js";
import { TabularBlock } from "./tabular-block.js";

export interface ResidualTwinOptions {
  /** Weight layers that each skip connection passes over. Default 2. */
  every?: number;
  /** `"projection"` also adds skips where the width changes, by a learned linear map. Default `"identity"`: only where it stays. */
  shortcut?: "identity" | "projection";
}

/** A weight layer with what follows it up to the next one. */
interface Unit {
  layers: Layer[];
  keepsShape: boolean;
}

/**
 * The network with skip connections: every `every` weight layers a + main(a) takes the place of main(a), inside the
 * last activation. Layers in front of the first weight layer, groups that change the width, and what is left over at
 * the end stay as they are. Nested Sequentials are treated one by one. With identity shortcuts both twins have the
 * same parameters in the same order, so the same seed gives them the same weights.
 */
export function residualTwin(plain: Layer, options?: ResidualTwinOptions): Sequential {
  const { every = 2, shortcut = "identity" } = expectOptions("residualTwin", options, ["every", "shortcut"]);
  expectInteger("residualTwin", "every", every, 1);
  expectOneOf("residualTwin", "shortcut", shortcut, ["identity", "projection"]);
  expectLayer("residualTwin", "network", plain);
  if (!(plain instanceof Sequential)) throw new ArgumentError(expectation("residualTwin", "network", "a Sequential", plain.type));
  return twin(plain, every, shortcut);
}

const weightLayer = (layer: Layer): Linear | null => (layer instanceof Linear ? layer : null);

function twin(plain: Sequential, every: number, shortcut: "identity" | "projection"): Sequential {
  const result: Layer[] = [];
  const units: Unit[] = [];
  for (const [, layer] of plain.layers) {
    const weights = weightLayer(layer);
    if (weights) units.push({ layers: [layer], keepsShape: weights.inFeatures === weights.outFeatures });
    else if (layer instanceof Sequential || layer instanceof Residual || units.length === 0) {
      result.push(...wrap(units.splice(0), every, shortcut));
      result.push(layer instanceof Sequential ? twin(layer, every, shortcut) : layer);
    } else units[units.length - 1].layers.push(layer);
  }
  return new Sequential(...result, ...wrap(units, every, shortcut));
}

function wrap(units: Unit[], every: number, shortcut: "identity" | "projection"): Layer[] {
  const result: Layer[] = [];
  for (let at = 0; at < units.length; ) {
    const group = units.slice(at, at + every);
    const layers = group.flatMap((unit) => unit.layers);
    const last = layers[layers.length - 1];
    const fits = shortcut === "projection" || group.every(({ keepsShape }) => keepsShape);
    // The activation at the end of a group moves behind the sum; a group without one is the network's output.
    if (group.length === every && fits && last instanceof ActivationLayer) {
      result.push(new Residual(new Sequential(...layers.slice(0, -1)), { shortcut, activation: last }));
      at += every;
    } else {
      result.push(...units[at].layers);
      at += 1;
    }
  }
  return result;
}

/** The network without its skip connections: each Residual becomes its main branch followed by its activation. */
export function plainTwin(network: Layer): Layer {
  expectLayer("plainTwin", "network", network);
  const [only, ...more] = flatten(network);
  return more.length === 0 && !(network instanceof Sequential) ? only : new Sequential(only, ...more);
}

function flatten(layer: Layer): Layer[] {
  if (layer instanceof Residual) return [...flatten(layer.main), ...(layer.activation ? [layer.activation] : [])];
  if (layer instanceof TabularBlock) return flatten(layer.plain());
  if (!(layer instanceof Sequential)) return [layer];
  return layer.layers.flatMap(([, child]) => flatten(child));
}

