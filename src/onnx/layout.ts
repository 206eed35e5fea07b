/**
 * Which axis holds the channels, as the ops of a file take it: the second one for convolutions, pools and norms of images, the
 * last one for products of rows. What a file takes channels first is channels last here; else it keeps its order.
 */
import { lookUp } from "../core/look-up.js";
import { numbersOf, type Step } from "../nn/imported/step.js";
import type { FlatNode } from "./call.js";
import type { Net } from "./net.js";

/** Take axis 1 for the channels, whatever the rank. */
const FIRST = new Set(
  `Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool BatchNormalization
  InstanceNormalization GroupNormalization Resize Upsample DepthToSpace SpaceToDepth LRN`.split(/\s+/),
);
/** Take the last axis for the features. */
const LAST = new Set(["MatMul", "LayerNormalization", "RMSNormalization"]);
/** Say nothing of their axes, and lead on: those with a result of another rank or order do not. */
const SILENT = /^(Reshape|Flatten|Squeeze|Unsqueeze|Shape|Size|Gather|Reduce\w+|Gemm|Expand|Tile|Softmax|LogSoftmax)$/;

/** Whether the first op that takes the channels of an input for something takes them from its last axis. */
export function takesChannelsLast(nodes: readonly FlatNode[], input: string, rank: number): boolean {
  // The axes of each value that is the input with its axes in another order.
  const axes = new Map([[input, Array.from({ length: rank }, (_, i) => i)]]);
  for (const { opType, inputs, outputs, attributes } of nodes) {
    const from = axes.get(inputs[0]) ?? inputs.map((name) => axes.get(name)).find((found) => found);
    if (!from || SILENT.test(opType)) continue;
    if (FIRST.has(opType)) return rank > 2 && from[1] === rank - 1;
    if (LAST.has(opType)) return rank > 2 && from[rank - 1] === rank - 1;
    if (opType !== "Transpose") axes.set(outputs[0], from);
    else {
      const perm = Array.from(attributes.get("perm")?.ints ?? from.map((_, i) => rank - 1 - i));
      axes.set(
        outputs[0],
        perm.map((axis) => from[axis]),
      );
    }
  }
  return false;
}

const OF_IMAGES = new Set(
  "conv convTranspose maxPool averagePool batchNorm instanceNorm groupNorm resize depthToSpace padShortcut".split(" "),
);
const OF_ROWS = new Set(["linear", "matMul", "layerNorm"]);

/** Whether each output of a net holds its channels, or what came of them, last in the file. */
export function givesChannelsLast({ steps, values, inputs, outputs, isChannelsLast }: Net): boolean[] {
  const rankOf = (name: string) => lookUp(values, name).shape.length;
  // A reshape may make two axes of the channels.
  const channels = new Map<string, number[]>();
  for (const name of inputs) channels.set(name, [isChannelsLast ? rankOf(name) - 1 : 1]);
  for (const step of steps) for (const output of step.outputs) channels.set(output, channelsOf(step, output));

  function channelsOf({ op, attributes, inputs: read }: Step, output: string): number[] {
    const rank = rankOf(output);
    if (OF_IMAGES.has(op)) return [1];
    if (OF_ROWS.has(op)) return [rank - 1];
    const source = read.find((name) => channels.has(name) && (rankOf(name) === rank || CHANGES_RANK.has(op)));
    const from = source === undefined ? [] : (channels.get(source) ?? []);
    if (source === undefined) return [];
    const before = lookUp(values, source).shape;
    if (op === "transpose") return from.map((axis) => numbersOf(attributes, "perm").indexOf(axis));
    if (op === "reshape") return reshaped(from, before, lookUp(values, output).shape);
    if (rank === before.length) return from;
    const gone = (attributes["axes"] ?? []) as number[];
    return from.filter((axis) => !gone.includes(axis)).map((axis) => axis - gone.filter((each) => each < axis).length);
  }

  return outputs.map((output) => {
    const [last, found] = [rankOf(output) - 1, channels.get(output) ?? []];
    return last > 1 && found.includes(last) && !found.includes(1);
  });
}

const CHANGES_RANK = new Set(["reshape", "reduce", "reduceMean", "reduceSum", "reduceMax", "reduceMin", "reduceProd"]);

/** What ends in the last axis ends in the last one after it; the second axis may become two. */
function reshaped(from: readonly number[], before: readonly number[], after: readonly number[]): number[] {
  if (from.includes(before.length - 1) && before.length > 1) return [after.length - 1];
  if (!from.includes(1) || before[0] !== after[0]) return [];
  if (before[1] === after[1]) return [1];
  return before[1] === after[1] * after[2] ? [1, 2] : [];
}
