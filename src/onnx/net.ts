/**
 * The canonical form of an imported network: plain data without versions, defaults, shape arithmetic or shared names.
 */
import { BATCH, isBatch } from "../core/any-batch.js";
import type { Step } from "../nn/imported/step.js";
import type { Constant } from "./tensor.js";

/** The batch that stands for any where constants have a row for each sample: two rows tell a step from a constant. */
export const SAMPLE = 2;

export interface NetValue {
  /** Sizes; the batch's is a multiple of BATCH. */
  shape: number[];
  isFloat: boolean;
  /** ONNX's number of the type, of inputs of the graph. */
  type?: number | undefined;
  constant?: Constant;
}

export interface Net {
  opset: number;
  producer: string;
  inputs: string[];
  /** Whether the file takes the channels of its input last. */
  isChannelsLast: boolean;
  /** The whole input is one sample: no axis is the batch's. */
  isWhole: boolean;
  /** Values, and what the file calls them. */
  outputs: string[];
  outputNames: string[];
  steps: Step[];
  /** Every value that a step reads or makes. */
  values: Map<string, NetValue>;
}

/** `[n, 3, 32, 32]` */
export function formatSizes(shape: readonly number[]): string {
  const show = (size: number) => (isBatch(size) ? (size === BATCH ? "n" : `${size / BATCH}n`) : String(size));
  return `[${shape.map(show).join(", ")}]`;
}

/** The steps that an output depends on. */
export function needed(steps: Step[], outputs: string[]): Step[] {
  const wanted = new Set(outputs);
  const kept: Step[] = [];
  for (const step of [...steps].reverse()) {
    if (!step.outputs.some((output) => wanted.has(output))) continue;
    for (const input of step.inputs) wanted.add(input);
    kept.push(step);
  }
  return kept.reverse();
}

/** The net with the steps alone that its outputs depend on, and the values that these read or make. */
export function reduced(net: Net): Net {
  const { inputs, outputs, values } = net;
  const steps = needed(net.steps, outputs);
  const used = new Set([...inputs, ...outputs, ...steps.flatMap((step) => [...step.inputs, ...step.outputs])]);
  for (const name of values.keys()) if (!used.has(name)) values.delete(name);
  return { ...net, steps };
}
