/** The update at the end of a training step, as every step records it. */
import type { Graph } from "../graph/graph.js";
import { layoutParameters } from "../graph/regions.js";
import type { ValueId } from "../graph/value.js";
import { accumulate, ema, gradNorm } from "../ops/update.js";
import type { ParameterRun } from "./runs.js";

export interface Update {
  optimizer: { record(graph: Graph, run: ParameterRun): void };
  runs: readonly ParameterRun[];
  /** Largest norm of all gradients together; 0: no clipping. */
  clipGradNorm?: number;
  /** Keep an average of the weights. */
  averages?: boolean;
}

/** The gradients' norm and the check that it and the loss are finite, the optimiser's ops, the moving average. */
export function recordUpdate(graph: Graph, loss: ValueId | undefined, update: Update): void {
  const { optimizer, runs, clipGradNorm = 0, averages } = update;
  recordCheck(graph, loss, clipGradNorm);
  for (const run of runs) optimizer.record(graph, run);
  if (averages) graph.add(ema, [], {});
}

function recordCheck(graph: Graph, loss: ValueId | undefined, maxNorm: number): void {
  const { floats } = layoutParameters(graph.parameters);
  graph.add(gradNorm, loss === undefined ? [] : [loss], { maxNorm, count: floats });
}

/** In place of an update, for a part of a batch: the same check, and its gradients are added to those of the parts before it. */
export function recordPart(graph: Graph, loss: ValueId | undefined): void {
  recordCheck(graph, loss, 0);
  graph.add(accumulate, [], {});
}
