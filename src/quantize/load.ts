/** Loads networks in eight bits. */
import { CONTROL } from "../abi/control.js";
import { expectation, FormatError } from "../core/errors.js";
import type { FileSource } from "../data/places.js";
import { METADATA_KEY, readArchitecture } from "../model/architecture.js";
import { assembleSaved, type ReadArchitecture } from "../model/assemble.js";
import type { Engine } from "../model/engine.js";
import type { LoadOptions } from "../model/options.js";
import type { Host, Runtime } from "../runtime/host.js";
import { Quantized } from "./layer.js";
import { QuantizedModel } from "./model.js";
import { memoryShape, toMemory } from "./order.js";
import { isInteger } from "./precision.js";
import { type Sequences, sequences } from "./probe.js";

/** A host that gives the kernels for eight bits. Those of relaxed SIMD where they sum up as they should. */
export async function integerHost(
  runtime: Runtime,
  kernels: Host["kernels"],
): Promise<{ host: Host; known: Sequences }> {
  const all: Host["kernels"] = (variant, shared) => kernels(variant, shared, "int8");
  const known = await sequences(all, runtime.noRelaxed());
  const noRelaxed = () => runtime.noRelaxed() ?? (known.relaxed ? null : "its products of eight bits are wrong here");
  return { host: { ...runtime, kernels: all, noRelaxed }, known };
}

/** Lets a model's kernels take the instructions that are fastest here. Results are the same with all. */
export function setSequences({ executor }: Engine, { vnni }: Sequences): void {
  new Int32Array(executor.memory.memory.buffer, CONTROL.vnni, 1)[0] = Number(vnni);
}

/**
 * The network of a file that `QuantizedModel.save` wrote. Its layer is known here alone: other entries refuse it by its type.
 * Throws `FormatError` on another file.
 */
const readQuantized: ReadArchitecture = async (metadata, tensors) => {
  const { type, args }: { type?: unknown; args?: unknown } = Object(networkIn(metadata));
  if (type !== "Quantized" || !Array.isArray(args)) {
    const hint = "loadModel of resnet-wasm or resnet-wasm/inference reads other models";
    throw new FormatError(expectation("loadModel", "network", "one in eight bits", type, { hint }));
  }
  const json: object = JSON.parse(metadata[METADATA_KEY]);
  const inner = { ...metadata, [METADATA_KEY]: JSON.stringify({ ...json, network: args[0] }) };
  const architecture = await readArchitecture(inner);
  const network = new Quantized(architecture.network, args[1]);
  for (const [name, precision] of Object.entries(network.precisions)) {
    const tensor = tensors.get(name);
    if (!tensor || !isInteger(precision)) continue;
    const { data, shape } = tensor;
    const bad = Array.prototype.findIndex.call(data, (q) => !(Math.abs(q) <= 127 && Number.isInteger(q)));
    if (shape.length < 2 || bad >= 0)
      throw new FormatError(expectation("loadModel", `tensor "${name}"`, "integers from -127 to 127", data[bad]));
    tensors.set(name, { data: toMemory(data, shape), shape: memoryShape(shape) });
  }
  return { ...architecture, network };
};

/** The network in a file's metadata as JSON; `readArchitecture` tells what else is wrong with them. */
function networkIn(metadata: Readonly<Record<string, string>>): unknown {
  try {
    return JSON.parse(metadata[METADATA_KEY])?.network;
  } catch {
    return undefined;
  }
}

/** `loadModel` of an entry point for networks in eight bits. */
export const quantizedLoader =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  async (source: FileSource, options?: LoadOptions): Promise<QuantizedModel> => {
    const { host, known } = await integerHost(runtime, kernels);
    const { engine, info, ...extras } = await assembleSaved(host, source, options, undefined, readQuantized);
    setSequences(engine, known);
    return new QuantizedModel(engine, info, extras);
  };
