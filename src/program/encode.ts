/** Encodes a plan: one record, or a few, for each op, with the addresses that the runtime has laid out. */
import { GROUPS, type Group } from "../abi/records.js";
import { type Addresses, Context } from "../graph/context.js";
import { type Node, STAGES } from "../graph/op.js";
import type { Plan } from "../plan/plan.js";

export interface Program {
  words: Int32Array;
  /** Word position of each op's first record: those of `prepare`, then those of the step. */
  starts: number[];
  /** Word positions: prepare is [0, prepare), then the stages of a step. */
  prepare: number;
  forward: number;
  backward: number;
  update: number;
  /** The group whose file can run the program: the last of those that its kernels and activations are in. */
  group: Group;
}

export function encode(plan: Plan, at: Addresses): Program {
  const { graph } = plan;
  const words: number[] = [];
  const starts: number[] = [];
  const context = new Context((id) => graph.shape(id), at, words);
  const encodeNodes = (nodes: readonly Node[]) => {
    for (const node of nodes) {
      starts.push(words.length);
      node.op.encode?.(node, context);
    }
    return words.length;
  };
  const prepare = encodeNodes(plan.prepare);
  const [forward, backward, update] = STAGES.map((name) =>
    encodeNodes(plan.step.filter(({ stage }) => stage === name)),
  );
  return { words: Int32Array.from(words), starts, prepare, forward, backward, update, group: GROUPS[context.group] };
}
