/** The tensors of a network in eight bits. */
import { numel } from "../core/shape.js";
import type { Engine } from "../model/engine.js";
import { readParameter, type StateDict } from "../model/state.js";
import { Quantized } from "./layer.js";
import { stateShape, toState } from "./order.js";
import { isInteger, scalesName } from "./precision.js";

/** As they are saved, in PyTorch's order; `integers` names those of eight bits. */
export function savedState(engine: Engine): { state: StateDict; integers: ReadonlySet<string> } {
  const { parameters, buffers } = engine.description;
  const state: StateDict = new Map(parameters.map((each) => [each.name, readParameter(engine, each, "parameters")]));
  const integers = new Set<string>();
  for (const { name, shape, dtype } of buffers) {
    const view = engine.executor.bufferView(name);
    const isWeights = dtype === "i8";
    if (isWeights) integers.add(name);
    state.set(name, {
      data: isWeights ? toState(view, shape) : Float32Array.from(view),
      shape: [...(isWeights ? stateShape(shape) : shape)],
    });
  }
  return { state, integers };
}

/** In float32, w = scale q, and the scales apart. */
export function floatState(engine: Engine): { state: StateDict; scales: ReadonlyMap<string, Float32Array> } {
  const { state } = savedState(engine);
  const { network } = engine.description;
  const scales = new Map<string, Float32Array>();
  for (const [name, precision] of Object.entries(network instanceof Quantized ? network.precisions : {})) {
    const tensor = state.get(name);
    const own = state.get(scalesName(name));
    if (!isInteger(precision) || !tensor || !own) continue;
    const each = numel(tensor.shape.slice(1));
    for (let i = 0; i < tensor.data.length; i++) tensor.data[i] *= own.data[Math.floor(i / each)];
    scales.set(scalesName(name), own.data);
    state.delete(scalesName(name));
  }
  return { state, scales };
}
