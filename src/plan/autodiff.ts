/** Reverse-mode differentiation: appends the backward ops of a graph behind its forward ops. */

import { GRADIENTS, type GradientContext, type GradientRule } from "../graph/gradients.js";
import type { AnyNode, Graph, ValueId } from "../graph/graph.js";
import type { OpName } from "../graph/ops.js";

export interface Seed {
  /** The value to differentiate… */
  output: ValueId;
  /** …and its gradient; null for a loss, whose rule needs none. */
  gradient: ValueId | null;
}

/**
 * Appends the ops that compute the gradients of `seed.output` with respect to each value in `wanted`, and returns
 * them. A wanted value on which the output does not depend has no entry.
 */
export function differentiate(graph: Graph, seed: Seed, wanted: Iterable<ValueId>): Map<ValueId, ValueId> {
  const forward = graph.nodes.slice();
  const leads = leadsToWanted(forward, wanted);
  const gradients = new Map<ValueId, ValueId>();
  const NONE = -1;
  gradients.set(seed.output, seed.gradient ?? NONE);

  for (const node of forward.reverse()) {
    const dy = gradients.get(node.outputs[0]);
    const needs = node.inputs.map((id) => leads.has(id));
    if (dy === undefined || !needs.includes(true)) continue;
    const rule = GRADIENTS[node.op] as GradientRule<OpName> | null;
    if (rule === null) continue; // statistics, updates: gradients stop here
    const context = {
      node,
      dy,
      needs,
      graph,
      emit: (op, inputs, attributes) => graph.add(op, inputs, attributes, node.path),
    } as GradientContext<OpName>;
    rule(context).forEach((dx, i) => {
      if (dx === null || !needs[i]) return;
      const sum = gradients.get(node.inputs[i]);
      const total = sum === undefined ? dx : graph.add("add", [sum, dx], { activation: null }, node.path)[0];
      gradients.set(node.inputs[i], total);
    });
  }

  gradients.delete(NONE);
  const result = new Map<ValueId, ValueId>();
  for (const id of wanted) {
    const gradient = gradients.get(id);
    if (gradient !== undefined) result.set(id, gradient);
  }
  return result;
}

export type Differentiate = typeof differentiate;

/** All values that depend on a wanted one, the wanted ones included. */
function leadsToWanted(nodes: readonly AnyNode[], wanted: Iterable<ValueId>): Set<ValueId> {
  const leads = new Set(wanted);
  for (const node of nodes) {
    if (node.inputs.some((id) => leads.has(id))) for (const id of node.outputs) leads.add(id);
  }
  return leads;
}
