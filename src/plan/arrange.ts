/** Splits a graph into what runs once for all weights and what runs in every step, and lays out the memory of both. */
import type { Graph } from "../graph/graph.js";
import { type Node, STAGES } from "../graph/op.js";
import { bytesOf, type Value, type ValueId } from "../graph/value.js";
import { constantNodes } from "./constants.js";
import { mostBytes } from "./cost.js";
import { type Arena, planArena } from "./memory.js";
import type { PlanRequest } from "./request.js";

/** Which ops run when, and where everything that lives within a step stands. */
export interface Arrangement {
  /** Runs when weights have changed: what depends on weights alone. */
  prepare: Node[];
  /** Runs every time; stages are contiguous and in order. */
  step: Node[];
  /** Results of `prepare` that the step reads, by a name that is the same in every plan of the model. */
  prepared: Map<ValueId, string>;
  arena: Arena;
  /** Bytes shared by the threads during one op, and bytes for each thread. */
  workspaceBytes: number;
  scratchBytes: number;
}

/**
 * Bytes of the largest result that `prepare` keeps when memory counts: larger weights are folded and packed in each
 * step, in memory that the step's activations use before and after.
 */
const LARGEST_KEPT = 4 * 2 ** 20;

/** Splits the ops into `prepare` and `step` and lays out the memory of both. */
export function arrange(
  graph: Graph,
  keep: ReadonlySet<ValueId>,
  { update, isFrozen = () => false, prefer }: PlanRequest,
): Arrangement {
  const changes = new Set<ValueId>();
  if (update) for (const { name, value } of graph.parameters) if (!isFrozen(name)) changes.add(value);
  const constants = constantNodes(graph, changes, prefer === "memory" ? LARGEST_KEPT : Infinity);
  const step = STAGES.flatMap((stage) =>
    graph.nodes.filter((node) => node.stage === stage && !constants.nodes.has(node)),
  );
  const prepare = graph.nodes.filter((node) => constants.nodes.has(node));

  const prepared = new Map<ValueId, string>();
  for (const node of step) {
    for (const input of node.inputs) {
      const id = graph.root(input); // under another shape it is the same memory
      const key = constants.keys.get(id);
      if (key !== undefined) prepared.set(id, key);
    }
  }
  const isTemporary = (id: ValueId) => !["parameter", "buffer", "gradient"].includes(graph.values[id].role);
  // One timeline for both: what the host has written before a step must survive `prepare`.
  const arena = planArena(graph, [...prepare, ...step], (id) => isTemporary(id) && !prepared.has(id), keep);
  return {
    prepare,
    step,
    prepared,
    arena,
    workspaceBytes: mostBytes(graph, graph.nodes, "workspace"),
    scratchBytes: mostBytes(graph, graph.nodes, "scratch"),
  };
}

/** What running a plan takes of memory: parameters, buffers, prepared weights, and what a step needs. */
export function planBytes(plan: { graph: Graph } & Arrangement, threads: number): number {
  const { graph, prepared, arena, workspaceBytes, scratchBytes } = plan;
  const isKept = ({ id, role }: Value) => role === "parameter" || role === "buffer" || prepared.has(id);
  const kept = graph.values.reduce((sum, value) => sum + (isKept(value) ? bytesOf(value) : 0), 0);
  return kept + arena.bytes + workspaceBytes + scratchBytes * threads;
}
