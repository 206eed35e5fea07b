/** The update at the end of a training step, as every step records it. */
import type { Graph } from "../graph/graph.js";
import { layoutParameters } from "../graph/regions.js";
import type { ValueId } from "../graph/value.js";
import { ema, gradNorm } from "../ops/update.js";
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
  const { floats } = layoutParameters(graph.parameters);
  const inputs = loss === undefined ? [] : [loss];
  graph.add(gradNorm, inputs, { maxNorm: clipGradNorm, count: floats });
  for (const run of runs) optimizer.record(graph, run);
  if (averages) graph.add(ema, [], {});
}
