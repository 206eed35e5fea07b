/** Reverse-mode differentiation: appends the backward ops of a graph after its forward ops. */

import { expectation, ResnetWasmError } from "../core/errors.js";
import type { Graph } from "../graph/graph.js";
import type { Gradient, GradientContext, InputGradients, Node, Op } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import { add } from "../ops/elementwise.js";
import { allGradients } from "../ops/gradients.js";
import { reshapeCopy } from "../ops/shape.js";

export interface Seed {
  /** The value to differentiate… */
  output: ValueId;
  /** …and its gradient; null for a loss, whose rule needs none. */
  gradient: ValueId | null;
}

let rules: ReadonlyMap<Op, Gradient> | undefined;

/** The rule of an op that does not carry its own. */
function ruleOf(op: Op): Gradient | undefined {
  rules ??= new Map(allGradients().map((gradient) => [gradient.of, gradient]));
  return rules.get(op);
}

/** Appends the ops that compute the gradients of a node's inputs. */
function gradientOf(graph: Graph, node: Node, dy: ValueId, needs: boolean[]): InputGradients {
  const context: GradientContext<object> = {
    node,
    dy,
    needs,
    shape: (id) => graph.shape(id),
    emit: (op, inputs, attributes) => graph.add(op, inputs, attributes, node.path),
    by: (op, inputs, attributes, dy, needs) =>
      gradientOf(graph, { ...node, op: op as Op, inputs, attributes }, dy, needs),
  };
  const found = node.op.gradient?.(context) ?? ruleOf(node.op)?.rule(context);
  if (!found) throw new ResnetWasmError(expectation("differentiate", "op", "one with a gradient", node.op.name));
  return found;
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
    gradientOf(graph, node, dy, needs).forEach((dx, i) => {
      if (dx === null || !needs[i]) return;
      const sum = gradients.get(node.inputs[i]);
      const total = sum === undefined ? dx : graph.add(add, [sum, dx], { activation: null }, node.path)[0];
      gradients.set(node.inputs[i], total);
    });
  }

  gradients.delete(NONE);
  const result = new Map<ValueId, ValueId>();
  const taken = new Set<ValueId>();
  for (const id of wanted) {
    const gradient = gradients.get(id);
    if (gradient === undefined) continue;
    // Gradients of parameters have places of their own: not those of another parameter, of the seed, or under a new shape.
    const { role, aliasOf } = graph.values[gradient];
    const isOwn = role === "activation" && aliasOf === undefined && !taken.has(gradient);
    const shape = graph.shape(id);
    const copies = graph.values[id].role === "parameter" && !isOwn;
    result.set(id, copies ? graph.add(reshapeCopy, [gradient], { shape })[0] : gradient);
    taken.add(gradient);
  }
  return result;
}

export type Differentiate = typeof differentiate;

/** All values that depend on a wanted one, the wanted ones included. */
function leadsToWanted(nodes: readonly Node[], wanted: Iterable<ValueId>): Set<ValueId> {
  const leads = new Set(wanted);
  for (const node of nodes) {
    if (node.inputs.some((id) => leads.has(id))) for (const id of node.outputs) leads.add(id);
  }
  return leads;
}
