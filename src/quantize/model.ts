/** A network in eight bits, for predictions. */
import { optional, readOptions, type Schema, text } from "../core/options.js";
import { saveArguments, writeGiven } from "../data/given.js";
import type { FileTarget } from "../data/places.js";
import { writeSafetensors } from "../io/safetensors-writer.js";
import { METADATA_KEY } from "../model/architecture.js";
import type { Engine } from "../model/engine.js";
import { MODEL_NAME } from "../model/options.js";
import { type Extras, type ModelInfo, Predictor } from "../model/predictor.js";
import { toInt8 } from "../model/saving.js";
import { readTemperature } from "../model/temperature.js";
import { expectTransform } from "../model/transform-limits.js";
import { Quantized } from "./layer.js";
import { weightsType } from "./precision.js";
import type { QuantizationReport } from "./report.js";
import { savedState } from "./state.js";

/** What a saved network in eight bits is called. */
export interface SaveQuantizedOptions {
  /** What the file is called in a store. Default "model.safetensors". */
  name?: string;
}

const saving = () => ({ name: optional(text, MODEL_NAME) }) satisfies Schema<SaveQuantizedOptions>;

/**
 * A network in eight bits, for predictions; made by `quantize`, or by `loadModel` of resnet-wasm/quantize from what it saved.
 *
 * @example
 * const small = await quantize(model, dataset);
 * console.log(small.predict(x).data);
 */
export class QuantizedModel extends Predictor {
  /** What quantising cost and gained; undefined for a model that was loaded. */
  readonly report: QuantizationReport | undefined;

  /** @internal */
  constructor(engine: Engine, info: ModelInfo, extras: Extras, report?: QuantizationReport) {
    super(engine, info, extras);
    this.report = report;
  }

  /**
   * The network, its precisions and its weights as safetensors: integers with a scale for each output channel (`conv1.weight` and
   * `conv1.weight_scale`), which `loadModel` of resnet-wasm/quantize reads. Loaded again, it is the same to the last bit. With a
   * path, an address or a store of resnet-wasm/data the file is written there, whole or not at all.
   */
  save(options?: SaveQuantizedOptions): Promise<Uint8Array<ArrayBuffer>>;
  save(target: FileTarget, options?: SaveQuantizedOptions): Promise<Uint8Array<ArrayBuffer>>;
  async save(first?: unknown, second?: SaveQuantizedOptions): Promise<Uint8Array<ArrayBuffer>> {
    const engine = this.use("save");
    const [target, options] = saveArguments(first, second);
    const { name } = readOptions("save", options, saving);
    const { transform, classNames, temperature } = this;
    expectTransform("save", transform);
    readTemperature("save", temperature);
    const { network, inputShape } = engine.description;
    const architecture = { format: 1, inputShape, network, transform, classNames, temperature };
    const metadata = { [METADATA_KEY]: JSON.stringify(architecture) };
    const bytes = writeQuantized(engine, metadata);
    await writeGiven("save", target, name, bytes);
    return bytes;
  }
}

function writeQuantized(engine: Engine, metadata: Record<string, string>): Uint8Array<ArrayBuffer> {
  const { network } = engine.description;
  const precisions = network instanceof Quantized ? network.precisions : {};
  const { state, integers } = savedState(engine);
  const ofBytes = (name: string) => Object.hasOwn(precisions, name) && weightsType(precisions[name]) === "I8";
  return writeSafetensors(
    toInt8(state, (name) => ofBytes(name) && !integers.has(name)),
    { metadata, digest: true, dtype: (name) => (state.has(name) && ofBytes(name) ? "I8" : "F32") },
  );
}
