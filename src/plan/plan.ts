/**
 * A plan: all decisions about one network at one batch size in one mode. It says which ops run in which order, by which
 * algorithm, and where in memory every value stands, relative to the regions that the runtime lays out.
 */

import { expectation, ResnetWasmError } from "../core/errors.js";
import type { Shape } from "../core/shape.js";
import type { Graph } from "../graph/graph.js";
import { type Node, type Selection, STAGES } from "../graph/op.js";
import type { ValueId } from "../graph/value.js";
import { Builder } from "../ops/builder.js";
import type { Differentiate } from "./autodiff.js";
import { constantNodes } from "./constants.js";
import { mostBytes, stepMacs } from "./cost.js";
import { foldBatchNorms } from "./fold.js";
import { fuse } from "./fuse.js";
import { type Arena, planArena } from "./memory.js";
import { select } from "./select.js";

/** What a loss records after a network: the host-written target and the mean loss, a single number. */
export interface RecordedLoss {
  target: ValueId;
  loss: ValueId;
}

export type RecordLoss = (graph: Graph, output: ValueId) => RecordedLoss;
export type RecordUpdate = (graph: Graph, loss: ValueId | undefined) => void;
export type Prefer = Selection["prefer"];

/** What all plans of a model have in common. */
export interface NetworkRequest {
  /** Records the network's ops on its input and returns the output. */
  network: (b: Builder, x: ValueId) => ValueId;
  /** Shape of one sample. */
  inputShape: Shape;
  isFrozen?: (name: string) => boolean;
  /** Default "speed". */
  prefer?: Prefer;
}

/** How plans of a model differ. */
export interface Mode {
  batchSize: number;
  /** Dropout and BatchNorm in training mode. */
  training: boolean;
  /** Records the optimiser's ops, after the loss where there is one; the plan then updates what is not frozen. */
  update?: RecordUpdate;
  /** Values to keep for the host: outputs of the layers at these paths, and their gradients where there is a backward pass. */
  watch?: readonly string[];
  /** Keep every value to the end of the step, unfused, to look at them afterwards. Default false. */
  keepAll?: boolean;
}

/** Where gradients come from: nowhere, from a gradient of the output that the host writes, or from the loss. */
export type Purpose =
  | { backward: "none" | "output"; loss?: undefined }
  /** Without gradients the loss is only told. */
  | { backward: "none" | "loss"; loss: RecordLoss };

export type Variation = Mode & Purpose;
export type PlanRequest = NetworkRequest & Variation;

interface PlanParts {
  graph: Graph;
  batchSize: number;
  training: boolean;
  input: ValueId;
  output: ValueId;
  /** What the request asked to watch, by path. */
  watched: Map<string, { output: ValueId; gradient?: ValueId }>;
  /** Runs when weights have changed: what depends on weights alone. */
  prepare: Node[];
  /** Runs every time; stages are contiguous and in order. */
  step: Node[];
  /** Multiply-adds of one step. */
  macs: number;
  /** Results of `prepare` that the step reads, by a name that is the same in every plan of the model. */
  prepared: Map<ValueId, string>;
  arena: Arena;
  /** The step updates parameters or running statistics. */
  changesWeights: boolean;
  /** Bytes shared by the threads during one op, and bytes for each thread. */
  workspaceBytes: number;
  scratchBytes: number;
}

/** From an input to an output. */
export interface PredictPlan extends PlanParts {
  kind: "predict";
}

/** And back from a gradient of the output, which the host writes. */
export interface BackwardPlan extends PlanParts {
  kind: "backward";
  outputGradient: ValueId;
  /** Absent where the output does not depend on the input. */
  inputGradient: ValueId | undefined;
}

/** From an input and a target to a loss, and, as asked, to gradients and an update. */
export interface TrainPlan extends PlanParts, RecordedLoss {
  kind: "train";
}

export type Plan = PredictPlan | BackwardPlan | TrainPlan;

export type PlanOf<V extends Purpose> = V extends { loss: RecordLoss }
  ? TrainPlan
  : V extends { backward: "output" }
    ? BackwardPlan
    : PredictPlan;

/** `differentiate` is needed for requests with a backward pass only: predictions do without. */
export function createPlan<R extends PlanRequest>(request: R, differentiate?: Differentiate): PlanOf<R>;
export function createPlan(request: PlanRequest, differentiate: Differentiate = noGradients): Plan {
  const { batchSize, training, isFrozen = () => false, backward } = request;
  const b = new Builder({ training, isFrozen });
  const { graph } = b;
  const input = graph.value([batchSize, ...request.inputShape], "input");
  const output = request.network(b, input);
  const recorded = request.loss?.(graph, output);

  const watched: Plan["watched"] = new Map();
  for (const path of request.watch ?? []) {
    const layer = graph.layers.find((record) => record.path === path);
    if (layer) watched.set(path, { output: layer.output });
  }

  const trained = graph.parameters.filter(({ name }) => !isFrozen(name));
  let outputGradient: ValueId | undefined;
  let inputGradient: ValueId | undefined;
  graph.stage = "backward";
  if (backward === "output") {
    outputGradient = graph.value(graph.shape(output), "input");
    const watchedOutputs = [...watched.values()].map((entry) => entry.output);
    const wanted = [input, ...watchedOutputs, ...trained.map(({ value }) => value)];
    const gradients = nameGradients(graph, differentiate(graph, { output, gradient: outputGradient }, wanted));
    inputGradient = gradients.get(input);
    for (const entry of watched.values()) entry.gradient = gradients.get(entry.output);
  } else if (backward === "loss" && recorded) {
    const wanted = trained.map(({ value }) => value);
    nameGradients(graph, differentiate(graph, { output: recorded.loss, gradient: null }, wanted));
  }

  graph.stage = "update";
  if (request.update) {
    request.update(graph, recorded?.loss);
    // Running statistics move only in steps that are carried out: after the check for finite gradients.
    const statistics = graph.nodes.filter(({ op }) => op.keepsStatistics);
    for (const node of statistics) node.stage = "update";
    graph.nodes = [...graph.nodes.filter(({ op }) => !op.keepsStatistics), ...statistics];
  }

  // Observing it does not change it.
  if (request.keepAll) graph.nodes = graph.nodes.filter(({ op }) => !op.keepsStatistics);
  // The batch stays too: when a step fails, it is repeated to find the cause.
  const seen = [...watched.values()].flatMap((entry) => [entry.output, entry.gradient]);
  const kept = [output, recorded?.loss, inputGradient, ...seen, ...(request.update ? [input, recorded?.target] : [])];
  const keep = new Set(kept.filter((id) => id !== undefined));
  for (const value of graph.values) if (request.keepAll || value.role === "gradient") keep.add(value.id);
  removeDead(graph, keep);
  if (!request.keepAll) {
    foldBatchNorms(graph, keep);
    fuse(graph, keep);
  }
  const prefer = request.prefer ?? "speed";
  select(graph, { prefer });
  const arrangement = arrange(graph, keep, request.update !== undefined, isFrozen, prefer);
  const parts: PlanParts = {
    ...arrangement,
    macs: stepMacs(graph, arrangement.step),
    changesWeights: request.update !== undefined || graph.nodes.some(({ op }) => op.keepsStatistics),
    graph,
    batchSize,
    training,
    input,
    output,
    watched,
  };
  if (recorded) return { kind: "train", ...parts, ...recorded };
  if (outputGradient !== undefined) return { kind: "backward", ...parts, outputGradient, inputGradient };
  return { kind: "predict", ...parts };
}

function noGradients(): never {
  throw new ResnetWasmError(expectation("plan", "backward", '"none" in an entry for inference', "a backward pass"));
}

/** Gives the gradients of parameters their role and name. */
function nameGradients(graph: Graph, gradients: Map<ValueId, ValueId>): Map<ValueId, ValueId> {
  for (const [id, gradient] of gradients) {
    const { role, name } = graph.values[id];
    if (role === "parameter") Object.assign(graph.values[gradient], { role: "gradient", name });
  }
  return gradients;
}

/** Drops ops whose results nobody reads. */
function removeDead(graph: Graph, keep: ReadonlySet<ValueId>): void {
  const read = new Set(keep);
  graph.nodes = graph.nodes
    .reverse()
    .filter((node) => {
      const acts = node.outputs.length === 0 || node.op.writes !== undefined;
      if (!acts && !node.outputs.some((id) => read.has(id))) return false;
      for (const id of node.inputs) read.add(id);
      return true;
    })
    .reverse();
}

type Arrangement = Pick<PlanParts, "prepare" | "step" | "prepared" | "arena" | "workspaceBytes" | "scratchBytes">;

/**
 * Bytes of the largest result that `prepare` keeps when memory counts: larger weights are folded and packed in each
 * step, in memory that the step's activations use before and after.
 */
const LARGEST_KEPT = 4 * 2 ** 20;

/** Splits the ops into `prepare` and `step` and lays out the memory of both. */
function arrange(
  graph: Graph,
  keep: ReadonlySet<ValueId>,
  updates: boolean,
  isFrozen: (name: string) => boolean,
  prefer: Prefer,
): Arrangement {
  const changes = new Set<ValueId>();
  if (updates) for (const { name, value } of graph.parameters) if (!isFrozen(name)) changes.add(value);
  const constants = constantNodes(graph, changes, prefer === "memory" ? LARGEST_KEPT : Infinity);
  const step = STAGES.flatMap((stage) =>
    graph.nodes.filter((node) => node.stage === stage && !constants.nodes.has(node)),
  );
  const prepare = graph.nodes.filter((node) => constants.nodes.has(node));

  const prepared = new Map<ValueId, string>();
  for (const node of step) {
    for (const id of node.inputs) {
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
