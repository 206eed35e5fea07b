/** Records what a request asks for, op by op: forward, backward and update, as the network and the rules have it. */
import { expectation, ResnetWasmError } from "../core/errors.js";
import type { Graph, RecordedLoss } from "../graph/graph.js";
import type { ValueId } from "../graph/value.js";
import { Builder } from "../ops/builder.js";
import type { Differentiate } from "./autodiff.js";
import type { PlanRequest } from "./request.js";

/** What the request asked to watch, by path. */
export type Watched = Map<string, { output: ValueId; gradient?: ValueId }>;

export interface Recorded {
  graph: Graph;
  input: ValueId;
  output: ValueId;
  loss?: RecordedLoss;
  watched: Watched;
  /** Where the pass back starts, and where it ends; see `BackwardPlan`. */
  outputGradient?: ValueId;
  inputGradient?: ValueId;
}

export function recordStep(request: PlanRequest, differentiate: Differentiate = noGradients): Recorded {
  const forward = recordForward(request);
  const recorded = { ...forward, ...recordBackward(request, forward, differentiate) };
  recordUpdate(request, recorded);
  return recorded;
}

function recordForward({ batchSize, training, isFrozen, ...request }: PlanRequest): Recorded {
  const b = new Builder({ training, isFrozen });
  const { graph } = b;
  const input = graph.value([batchSize, ...request.inputShape], "input");
  const output = request.network(b, input);
  const loss = request.loss?.(graph, output);
  const watched: Watched = new Map();
  for (const path of request.watch ?? []) {
    const layer = graph.layers.find((record) => record.path === path || record.name === path);
    if (layer) watched.set(path, { output: layer.output });
  }
  return { graph, input, output, loss, watched };
}

/** Gradients of what is trained: from the loss, or from a gradient of the output, and then also of input and watched values. */
function recordBackward(
  { backward, isFrozen = () => false }: PlanRequest,
  { graph, input, output, loss, watched }: Recorded,
  differentiate: Differentiate,
): Pick<Recorded, "outputGradient" | "inputGradient"> {
  graph.stage = "backward";
  const trained = graph.parameters.filter(({ name }) => !isFrozen(name)).map(({ value }) => value);
  if (backward === "loss" && loss) {
    nameGradients(graph, differentiate(graph, { output: loss.loss, gradient: null }, trained));
    return {};
  }
  if (backward !== "output") return {};
  const outputGradient = graph.value(graph.shape(output), "input");
  const seen = [...watched.values()];
  const wanted = [input, ...seen.map((entry) => entry.output), ...trained];
  const gradients = differentiate(graph, { output, gradient: outputGradient }, wanted);
  nameGradients(graph, gradients);
  for (const entry of seen) entry.gradient = gradients.get(entry.output);
  return { outputGradient, inputGradient: gradients.get(input) };
}

/** Gives the gradients of parameters their role and name. */
function nameGradients(graph: Graph, gradients: ReadonlyMap<ValueId, ValueId>): void {
  for (const [id, gradient] of gradients) {
    const { role, name } = graph.values[id];
    if (role === "parameter") Object.assign(graph.values[gradient], { role: "gradient", name });
  }
}

/** Running statistics move only in steps that are carried out: after the check for finite gradients. */
function recordUpdate({ update, keepAll }: PlanRequest, { graph, loss }: Recorded): void {
  graph.stage = "update";
  update?.(graph, loss?.loss);
  const statistics = graph.nodes.filter(({ op }) => op.keepsStatistics);
  const others = graph.nodes.filter(({ op }) => !op.keepsStatistics);
  if (keepAll)
    graph.nodes = others; // observing it does not change it
  else if (update) {
    for (const node of statistics) node.stage = "update";
    graph.nodes = [...others, ...statistics];
  }
}

/** Values that somebody outside of the graph reads after the step. */
export function keptValues({ keepAll, update }: PlanRequest, recorded: Recorded): Set<ValueId> {
  const { graph, input, output, loss, watched, inputGradient } = recorded;
  const seen = [...watched.values()].flatMap((entry) => [entry.output, entry.gradient]);
  // The batch stays too: when a step fails, it is repeated to find the cause.
  const kept = [output, loss?.loss, inputGradient, ...seen, ...(update ? [input, loss?.target, loss?.weights] : [])];
  const keep = new Set(kept.filter((id) => id !== undefined));
  for (const value of graph.values) if (keepAll || value.role === "gradient") keep.add(value.id);
  return keep;
}

function noGradients(): never {
  throw new ResnetWasmError(expectation("plan", "backward", '"none" in an entry for inference', "a backward pass"));
}
