/** What a profile holds, and its tables. */

import type { Shape } from "../core/shape.js";
import type { Stage } from "../graph/op.js";
import { formatTable, layerCells } from "./summary.js";

/** What a part of a step costs. */
export interface Cost {
  /** Milliseconds. */
  ms: number;
  /** Multiply-adds by the definition of the op, whatever its algorithm; 0 for elementwise ops. */
  macs: number;
  /** 2 · macs over the time, in 10⁹ a second. Winograd needs fewer multiplications and may exceed the machine's peak. */
  gflops: number;
  /** Operands read and results written, each counted once. */
  bytes: number;
}

/** One op of a step. */
export interface OpProfile extends Cost {
  /** Its name: "linear", "conv2d", "conv2dDw"… */
  op: string;
  /** The layer that it belongs to, as in `summary()`; "loss" and "optimizer" for what comes after the network. */
  path: string;
  /** `prepare` (packs and folds weights) runs only when weights have changed and is not part of the step. */
  stage: "prepare" | Stage;
  /** Its name in the WebAssembly module. */
  kernel: string;
  /** Calls of the kernel. */
  calls: number;
  /** The output's shape, empty for ops that only update. */
  shape: Shape;
}

/** A layer with everything inside it. What has been fused into another op is counted there, and folded layers are 0. */
export interface LayerProfile extends Cost {
  path: string;
  type: string;
  outputShape: Shape;
  /** The layer's own ops, without those of layers inside it; without `prepare`. */
  ops: OpProfile[];
}

/** The fields of a profile: plain data, to be sent or stored. */
export interface ProfileData {
  /** Samples in the batch. */
  batchSize: number;
  training: boolean;
  threads: number;
  repetitions: number;
  /** How repetitions became one number: the mean where the clock is too coarse for single ops (browsers). */
  statistic: "median" | "mean";
  /** Smallest step of the clock, in milliseconds. */
  clock: number;
  /** The step in one piece, as `predict` or a trainer runs it, in milliseconds. */
  ms: number;
  /** Sum over the ops of the step. What it is more than `ms` is the price of running them one by one. */
  opsMs: number;
  /** The layers of `summary()` in its order, then, in training, "loss" and "optimizer". */
  layers: LayerProfile[];
  /** All ops in the order in which they run, `prepare` first. */
  ops: OpProfile[];
}

function cells({ opsMs }: Profile, { ms, macs, gflops, bytes }: Cost): string[] {
  const share = `${((100 * ms) / opsMs).toFixed(1)} %`;
  return [ms.toFixed(3), share, macs > 0 ? gflops.toFixed(1) : "", (bytes / 1e6).toFixed(2)];
}

function total(profile: Profile, before: string[], after: string[]): string[] {
  const sum = sumUp(profile.ops.filter(isInStep));
  return ["all ops", ...before, ...cells(profile, sum), ...after];
}

/** Of how much was measured, and how. */
function how({ batchSize, training, threads, repetitions, statistic, ms, opsMs, ops }: Profile): string {
  const excess = (100 * (opsMs - ms)) / ms;
  const stage = (name: OpProfile["stage"]) =>
    `${name} ${sumUp(ops.filter((op) => op.stage === name)).ms.toFixed(3)} ms`;
  const count = threads === 1 ? "one thread" : `${threads} threads`;
  return [
    `${training ? "training step" : "prediction"}, batch ${batchSize}, ${count}, ${statistic} of ${repetitions}`,
    `in one piece ${ms.toFixed(3)} ms, op by op ${opsMs.toFixed(3)} ms (${excess < 0 ? "" : "+"}${excess.toFixed(1)} %)`,
    ...(training ? [[stage("forward"), stage("backward"), stage("update")].join(", ")] : []),
    ...(ops.every(isInStep) ? [] : [`when weights have changed, ${stage("prepare")} more`]),
  ].join("\n");
}

/**
 * What `model.profile` measured, with tables of it.
 *
 * @example
 * const profile = await model.profile(x);
 * console.log(String(profile), profile.opsTable());
 */
export class Profile implements ProfileData {
  readonly batchSize: number;
  readonly training: boolean;
  readonly threads: number;
  readonly repetitions: number;
  readonly statistic: "median" | "mean";
  readonly clock: number;
  readonly ms: number;
  readonly opsMs: number;
  readonly layers: LayerProfile[];
  readonly ops: OpProfile[];

  constructor(data: ProfileData) {
    this.batchSize = data.batchSize;
    this.training = data.training;
    this.threads = data.threads;
    this.repetitions = data.repetitions;
    this.statistic = data.statistic;
    this.clock = data.clock;
    this.ms = data.ms;
    this.opsMs = data.opsMs;
    this.layers = data.layers;
    this.ops = data.ops;
  }

  /** The layers as a table; of a training step without the kernels, which are many: see `opsTable()`. */
  toString(): string {
    const kernels = ({ ops }: LayerProfile) => [...new Set(ops.map(({ kernel }) => kernel))].join(", ");
    const last = (cell: string) => (this.training ? [] : [cell]);
    const rows = [["layer", "output", "ms", "share", "GFLOPS", "MB", ...last("kernels")]];
    for (const layer of this.layers) {
      const [name, output] = layerCells(layer);
      rows.push([name, layer.outputShape.length > 0 ? output : "", ...cells(this, layer), ...last(kernels(layer))]);
    }
    return `${formatTable([...rows, total(this, [""], last(""))], [0, 1, 6])}\n${how(this)}`;
  }

  /** The ops as a table, the slowest first. */
  opsTable(): string {
    const rows = [["op", "layer", "stage", "output", "ms", "share", "GFLOPS", "MB", "kernel"]];
    for (const op of this.ops.filter(isInStep).sort((a, b) => b.ms - a.ms)) {
      const kernel = op.calls > 1 ? `${op.kernel} x${op.calls}` : op.kernel;
      rows.push([op.op, op.path || "network", op.stage, `[${op.shape.join(", ")}]`, ...cells(this, op), kernel]);
    }
    return `${formatTable([...rows, total(this, ["", "", ""], [""])], [0, 1, 2, 3, 8])}\n${how(this)}`;
  }
}

export const isInStep = ({ stage }: OpProfile): boolean => stage !== "prepare";

export function sumUp(costs: readonly Cost[]): Cost {
  const total = (of: (cost: Cost) => number) => costs.reduce((sum, cost) => sum + of(cost), 0);
  const [ms, macs, bytes] = [total((c) => c.ms), total((c) => c.macs), total((c) => c.bytes)];
  return { ms, macs, gflops: perSecond(macs, ms), bytes };
}

export const perSecond = (macs: number, ms: number): number => (ms > 0 ? (2 * macs) / ms / 1e6 : 0);
