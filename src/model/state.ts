/** Weights in and out, in PyTorch's names, shapes and layouts. */

import { clip } from "../core/clip.js";
import { ArgumentError, describe, expectation, StateDictError } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { nearest } from "../core/nearest.js";
import { checked, flag, optional, readOptions, type Schema, text } from "../core/options.js";
import { formatShape, numel, type Shape, sameShape } from "../core/shape.js";
import { entriesOf } from "../core/tag.js";
import { isNumeric, type Tensor } from "../core/tensor.js";
import type { Parameter } from "../graph/graph.js";
import { copyWeights } from "../graph/layout.js";
import type { ParameterRegion } from "../runtime/executor.js";
import type { Description, Engine } from "./engine.js";
import { matchesParameter, type NamePattern, namePattern } from "./names.js";

/** Parameters and buffers by name, in PyTorch's order, shapes and layouts. */
export type StateDict = Map<string, Tensor>;
/** A state dict from elsewhere: a map or an object of tensors by name. */
export type StateDictLike =
  | ReadonlyMap<string, { data: ArrayLike<number>; shape: Shape }>
  | Readonly<Record<string, { data: ArrayLike<number>; shape: Shape }>>;

export interface LoadStateDictOptions {
  /** Refuse missing and unexpected names. Default true; wrong shapes are always refused. */
  strict?: boolean;
  /** Maps each name of the given state dict to the model's. */
  rename?: (name: string) => string;
  /**
   * Tensors to leave as they are, on both sides, by the model's names: "fc" lets a head with another number of classes
   * keep its weights while all others are loaded strictly.
   */
  skip?: NamePattern;
}

type Rename = NonNullable<LoadStateDictOptions["rename"]>;

const schema = () =>
  ({
    strict: flag(true),
    rename: optional(checked("a function", (value): value is Rename => typeof value === "function")),
    skip: optional(namePattern()),
  }) satisfies Schema<LoadStateDictOptions>;

/** What `loadStateDict` left alone with `strict: false`; without what `skip` names. */
export interface LoadReport {
  missing: string[];
  unexpected: string[];
}

/** One parameter's values in state-dict layout, copied out of a region. */
export function readParameter(engine: Engine, parameter: Parameter, region: ParameterRegion): Tensor {
  const { name, shape } = parameter;
  const view = engine.executor.parameterView(name, region, numel(shape));
  const data = new Float32Array(view.length);
  copyWeights(view, data, parameter, "toStateDict");
  return { data, shape: [...shape] };
}

export function writeParameter(
  engine: Engine,
  parameter: Parameter,
  region: ParameterRegion,
  data: ArrayLike<number>,
): void {
  const view = engine.executor.parameterView(parameter.name, region, numel(parameter.shape));
  copyWeights(data, view, parameter, "toMemory");
}

/** The order of the state dict: a layer's parameters, then its buffers, layers as they stand in the network. */
export function stateNames({
  parameters,
  buffers,
}: Pick<Description, "parameters" | "buffers">): { entry: Parameter; isBuffer: boolean }[] {
  const paths = [...new Set([...parameters, ...buffers].map(({ path }) => path))];
  const order = new Map(paths.map((path, i) => [path, i]));
  const all = [
    ...parameters.map((entry) => ({ entry, isBuffer: false })),
    ...buffers.map((entry) => ({ entry, isBuffer: true })),
  ];
  return all.sort((a, b) => lookUp(order, a.entry.path) - lookUp(order, b.entry.path));
}

export function readStateDict(engine: Engine, region: ParameterRegion = "parameters"): StateDict {
  const state: StateDict = new Map();
  for (const { entry, isBuffer } of stateNames(engine.description)) {
    if (!isBuffer) state.set(entry.name, readParameter(engine, entry, region));
    else
      state.set(entry.name, {
        data: new Float32Array(engine.executor.bufferView(entry.name)),
        shape: [...entry.shape],
      });
  }
  return state;
}

const PREFIX = /^(?:module\.|model\.|_orig_mod\.)+/;

interface Match extends LoadReport {
  found: { entry: Parameter; isBuffer: boolean; data: ArrayLike<number> }[];
}

/** Finds the tensor of each parameter and buffer. Throws one `StateDictError` that lists all that does not fit. */
export function matchStateDict(
  description: Pick<Description, "parameters" | "buffers">,
  given: StateDictLike,
  options?: LoadStateDictOptions,
): Match {
  if (typeof given !== "object" || given === null)
    throw new ArgumentError(expectation("loadStateDict", "state", "a Map or a record of tensors", given));
  const { strict, rename, skip } = readOptions("loadStateDict", options, schema);
  const entries = entriesOf("loadStateDict", given);
  const known = new Map(stateNames(description).map((item) => [item.entry.name, item]));
  const isSkipped = (name: string) =>
    skip !== undefined && matchesParameter(skip, { name, path: known.get(name)?.entry.path ?? "" });
  const found = new Map<string, ArrayLike<number>>();
  const unexpected: string[] = [];
  const mismatched = new Map<string, string>();
  for (const [original, tensor] of entries) {
    const name = localName(original, known, rename);
    const item = known.get(name);
    if (isSkipped(name)) continue;
    if (!item) unexpected.push(name);
    else if (!fits(tensor, item.entry.shape))
      mismatched.set(name, `expected ${formatShape(item.entry.shape)}, got ${describeTensor(tensor)}`);
    else if (found.has(name)) mismatched.set(name, `expected once, got twice (as ${clip(original)})`);
    else found.set(name, tensor.data);
  }
  // PyTorch wrote no num_batches_tracked before 0.4.1 and never reads it for inference.
  const isMissing = (name: string) => !found.has(name) && !name.endsWith("num_batches_tracked") && !isSkipped(name);
  const missing = [...known.keys()].filter(isMissing);
  const absent = missing.filter((name) => !mismatched.has(name));
  if (mismatched.size > 0 || (strict && (absent.length > 0 || unexpected.length > 0)))
    throw new StateDictError(explain(absent, unexpected, mismatched, [...known.keys()]));
  return { missing: absent, unexpected, found: [...found].map(([name, data]) => ({ ...lookUp(known, name), data })) };
}

/** Checks everything before the first weight is written. */
export function writeStateDict(engine: Engine, given: StateDictLike, options?: LoadStateDictOptions): LoadReport {
  const { found, ...report } = matchStateDict(engine.description, given, options);
  writeFound(engine, found);
  return report;
}

/** Writes what `matchStateDict` has found. */
export function writeFound(engine: Engine, found: Match["found"]): void {
  for (const { entry, isBuffer, data } of found) {
    if (isBuffer) engine.executor.bufferView(entry.name).set(data);
    else writeParameter(engine, entry, "parameters", data);
  }
  engine.executor.weightsVersion++;
}

const fits = (tensor: { data: ArrayLike<number>; shape: Shape } | undefined, shape: Shape): boolean =>
  Array.isArray(tensor?.shape) &&
  sameShape(tensor.shape, shape) &&
  tensor.data?.length === numel(shape) &&
  isNumeric(tensor.data);

export function localName(
  original: string,
  known: ReadonlyMap<string, unknown>,
  rename?: (name: string) => string,
): string {
  if (!rename) return known.has(original) ? original : String(original).replace(PREFIX, "");
  return text("loadStateDict", "rename", rename(original));
}

function describeTensor(tensor: { data: ArrayLike<number>; shape: Shape }): string {
  if (!Array.isArray(tensor?.shape)) return "no shape";
  return `${formatShape(tensor.shape)} with ${isNumeric(tensor.data) ? `${tensor.data.length} numbers` : describe(tensor.data)}`;
}

function explain(
  missing: string[],
  unexpected: string[],
  mismatched: ReadonlyMap<string, string>,
  known: string[],
): string {
  const list = (title: string, names: string[], hint: (name: string) => string) => {
    if (names.length === 0) return [];
    const shown = names.slice(0, 20).map((name) => `  ${clip(name)}${hint(name)}`);
    return [`${title} (${names.length}):`, ...shown, ...(names.length > 20 ? [`  … ${names.length - 20} more`] : [])];
  };
  const near = (candidates: string[]) => (name: string) => {
    const match = nearest(name, candidates, Math.max(2, Math.ceil(name.length / 2) - 1));
    return match ? ` (nearest: ${clip(match)})` : "";
  };
  const count = `${missing.length} missing, ${unexpected.length} unexpected, ${mismatched.size} of the wrong shape`;
  return [
    expectation("loadStateDict", "state", `the ${known.length} tensors of this network`, count),
    ...list("missing", missing, near(unexpected)),
    ...list("unexpected", unexpected, near(missing.length > 0 ? missing : known)),
    ...list("wrong shape", [...mismatched.keys()], (name) => ` ${mismatched.get(name)}`),
  ].join("\n");
}
