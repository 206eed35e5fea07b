/** Encodes a plan: one record, or a few, for each op, with the addresses that the runtime has laid out. */
import type { AnyNode, Node } from "../graph/graph.js";
import type { OpName } from "../graph/ops.js";
import type { Differentiate } from "../plan/autodiff.js";
import type { Plan } from "../plan/plan.js";
import { type Addresses, Context, type Encoder } from "./context.js";

export interface Program {
  words: Int32Array;
  /** Word position of each op's first record: those of `prepare`, then those of the step. */
  starts: number[];
  /** Word positions: prepare is [0, prepare), then the stages of a step. */
  prepare: number;
  forward: number;
  backward: number;
  update: number;
}

/** What encodes each op: all of them, or those of an inference. */
export type Encoders = { [K in OpName]?: Encoder<K> };

/** What a model can do with its network: `INFERENCE` or `TRAINING`. A bundle holds what is referred to. */
export interface OpSet {
  encoders: Encoders;
  differentiate?: Differentiate;
}

export function encode(plan: Plan, at: Addresses, encoders: Encoders): Program {
  const { graph } = plan;
  const words: number[] = [];
  const starts: number[] = [];
  const context = new Context(graph, at, words);
  const encodeNodes = (nodes: readonly AnyNode[]) => {
    for (const node of nodes) {
      starts.push(words.length);
      (encoders[node.op] as Encoder<OpName>)(node as Node, context);
    }
    return words.length;
  };
  const stage = (name: AnyNode["stage"]) => encodeNodes(plan.step.filter((node) => node.stage === name));
  const prepare = encodeNodes(plan.prepare);
  const forward = stage("forward");
  const backward = stage("backward");
  const update = stage("update");
  return { words: Int32Array.from(words), starts, prepare, forward, backward, update };
}
