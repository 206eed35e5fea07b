/**
 * The twins, and what they are made of: where each weight layer and each block stands, and what is left of a net without
 * one of them (Veit et al. 2016, arXiv:1605.06431).
 */
import {
  BasicBlock,
  BatchNorm1d,
  cifarResNet,
  Identity,
  type Layer,
  Linear,
  plainTwin,
  ReLU,
  Residual,
  residualTwin,
  Sequential,
} from "resnet-wasm";
import { GLYPH_CLASSES } from "./datasets.js";
import { POINT_CLASSES } from "./points.js";
import type { Settings } from "./settings.js";

export const KINDS = ["plain", "residual"] as const;
export type Kind = (typeof KINDS)[number];

/** A weight layer: the name of its weight, and the path at which what it makes of its input can be seen. */
export interface LayerPlace {
  name: string;
  weight: string;
  output: string;
}

/** Two weight layers in a row, which in the residual net have a skip connection around them. */
export interface BlockPlace {
  name: string;
  /** Its weight layers, from 0. */
  layers: [first: number, last: number];
  /** Paths of what comes in and what goes out. */
  input: string;
  output: string;
  /** In the residual net: paths of what is added up, the skip being the input itself where it has none of its own. */
  branch: string | null;
  skip: string | null;
}

/** A part that can be taken out. */
export interface Lesion {
  name: string;
  layers: [first: number, last: number];
  /** What is left; null where the rest does not fit together without the part. */
  network: (() => Layer) | null;
}

export interface Anatomy {
  network: Layer;
  layers: LayerPlace[];
  blocks: BlockPlace[];
  lesions: Lesion[];
}

/** The depth of the convolutional net, 6n + 2, that is nearest to a depth of the control. */
export const convolutionalDepth = (depth: number): number => 6 * Math.min(5, Math.max(1, Math.round(depth / 6))) + 2;

export const isConvolutional = ({ data }: Pick<Settings, "data">): boolean => data === "glyphs";

export const anatomyOf = (kind: Kind, settings: Settings): Anatomy =>
  isConvolutional(settings) ? convolutional(kind, settings) : dense(kind, settings);

/** The plain net with the layer at `index` replaced. */
const replaced = (network: Sequential, index: number, count: number, by: () => Layer): Sequential =>
  new Sequential(...network.layers.map(([, layer], i) => (i >= index && i < index + count ? by() : layer)));

/**
 * Linear(2, w), g, then `depth` times Linear(w, w), g, then Linear(w, classes), g = ReLU, or BatchNorm and ReLU; He
 * initialisation. The residual twin is `residualTwin` of it: the same parameters in the same order.
 */
function dense(kind: Kind, { depth, width, norm, branches }: Settings): Anatomy {
  const init = "he";
  const unit = (from: number): Layer[] => [
    new Linear(from, width, { init }),
    ...(norm === "batch" ? [new BatchNorm1d(width)] : []),
    new ReLU(),
  ];
  const hidden = Array.from({ length: depth }, () => unit(width));
  const plain = new Sequential(...unit(2), ...hidden.flat(), new Linear(width, POINT_CLASSES, { init }));
  const size = unit(width).length;
  const pairs = Array.from({ length: depth / 2 }, (_, i) => i);
  const name = (i: number) => String(i + 1);
  const span = (i: number): [number, number] => [2 * i + 1, 2 * i + 2];
  if (kind === "plain") {
    const layers = Array.from({ length: depth + 2 }, (_, i) => ({
      name: name(i),
      weight: `${i * size}.weight`,
      output: String(i <= depth ? i * size + size - 1 : i * size),
    }));
    const blocks = pairs.map((i) => ({
      name: name(i),
      layers: span(i),
      input: layers[2 * i].output,
      output: layers[2 * i + 2].output,
      branch: null,
      skip: null,
    }));
    const lesions = hidden.map((_, i): Lesion => {
      const network = () => replaced(plain, (i + 1) * size, size - 1, () => new Identity());
      return { name: name(i + 1), layers: [i + 1, i + 1], network };
    });
    return { network: plain, layers, blocks, lesions };
  }
  const residual = residualTwin(plain, { every: 2, zeroInitResidual: branches === "zero" });
  const block = (i: number) => size + i;
  const layers = [
    { name: name(0), weight: "0.weight", output: String(size - 1) },
    ...pairs.flatMap((i) => [
      { name: name(2 * i + 1), weight: `${block(i)}.main.0.weight`, output: `${block(i)}.main.${size - 1}` },
      { name: name(2 * i + 2), weight: `${block(i)}.main.${size}.weight`, output: `${block(i)}` },
    ]),
    { name: name(depth + 1), weight: `${block(depth / 2)}.weight`, output: `${block(depth / 2)}` },
  ];
  const blocks = pairs.map((i) => ({
    name: name(i),
    layers: span(i),
    input: String(block(i) - 1),
    output: String(block(i)),
    branch: `${block(i)}.main`,
    skip: null,
  }));
  // What is left of g(x + F(x)) is g(x).
  const lesions = pairs.map(
    (i): Lesion => ({
      name: name(i),
      layers: span(i),
      network: () => replaced(residual, block(i), 1, () => new ReLU()),
    }),
  );
  return { network: residual, layers, blocks, lesions };
}

/** `cifarResNet` for pictures of one channel, or its `plainTwin`. */
function convolutional(kind: Kind, { depth, branches }: Settings): Anatomy {
  const zeroInitResidual = branches === "zero";
  const net = cifarResNet(convolutionalDepth(depth), { classes: GLYPH_CLASSES, inChannels: 1, zeroInitResidual });
  const network = kind === "plain" ? (plainTwin(net) as Sequential) : net;
  const layers: LayerPlace[] = [{ name: "conv1", weight: "conv1.weight", output: "relu" }];
  const blocks: BlockPlace[] = [];
  const lesions: Lesion[] = [];
  for (const [stage, child] of network.layers) {
    if (!/^layer\d$/.test(stage)) continue;
    for (const [key, block] of (child as Sequential).layers) {
      if (!(block instanceof BasicBlock)) throw new Error(`convolutional: ${stage}.${key} is no BasicBlock`);
      const path = `${stage}.${key}`;
      const input = blocks.at(-1)?.output ?? "relu";
      const first = layers.length;
      layers.push({ name: `${path}.conv1`, weight: `${path}.conv1.weight`, output: `${path}.bn1` });
      layers.push({ name: `${path}.conv2`, weight: `${path}.conv2.weight`, output: path });
      const shortcut = shortcutOf(block);
      const span: [number, number] = [first, first + 1];
      const isResidual = kind === "residual";
      blocks.push({
        name: path,
        layers: span,
        input,
        output: path,
        branch: isResidual ? `${path}.bn2` : null,
        skip: isResidual && shortcut ? `${path}.downsample` : null,
      });
      const keepsShape = block.inChannels === block.outChannels && block.options.stride === 1;
      const rest = () => (shortcut ? new Sequential({ downsample: shortcut, relu: new ReLU() }) : new ReLU());
      const network_ = isResidual || keepsShape ? () => without(network, stage, key, rest()) : null;
      lesions.push({ name: path, layers: span, network: network_ });
    }
  }
  layers.push({ name: "fc", weight: "fc.weight", output: "fc" });
  return { network, layers, blocks, lesions };
}

/** The layer on a block's skip connection; null where that is the identity, or where there is none. */
function shortcutOf(block: BasicBlock): Layer | null {
  const sum = (block.body as Sequential).layers.find(([name]) => name === "sum")?.[1];
  return sum instanceof Residual && typeof sum.shortcut !== "string" ? sum.shortcut : null;
}

function without(network: Sequential, stage: string, key: string, rest: Layer): Layer {
  const entries = network.layers.map(([name, layer]) => {
    if (name !== stage) return [name, layer] as const;
    const blocks = (layer as Sequential).layers.map(([place, block]) => (place === key ? rest : block));
    return [name, new Sequential(...blocks)] as const;
  });
  return new Sequential(Object.fromEntries(entries));
}
