/** Networks in eight bits, made of trained ones and of samples of what goes into them. */
import { ArgumentError, expectation } from "../core/errors.js";
import { lookUp } from "../core/look-up.js";
import { signal as abortSignal, as, flag, integer, oneOf, readOptions, type Schema } from "../core/options.js";
import { numel, type Shape } from "../core/shape.js";
import type { TensorLike } from "../core/tensor.js";
import type { Dataset } from "../data/dataset.js";
import { assemble } from "../model/assemble.js";
import { describeNetwork, type Engine } from "../model/engine.js";
import { type LoadOptions, readLoadOptions } from "../model/options.js";
import { Predictor } from "../model/predictor.js";
import { readStateDict, type StateDict, writeStateDict } from "../model/state.js";
import type { Layer } from "../nn/layer.js";
import type { Host, Runtime } from "../runtime/host.js";
import { Calibration, calibrationBatch, type Finding } from "./calibrate.js";
import { type Choices, choose, quantizedState } from "./choose.js";
import type { Ranges } from "./histogram.js";
import { Quantized } from "./layer.js";
import { integerHost, setSequences } from "./load.js";
import { QuantizedModel } from "./model.js";
import { Observed } from "./observed.js";
import { isInteger } from "./precision.js";
import { bytesOfWeights, compareAccuracy, compareOutputs, outputsOf, type QuantizationReport } from "./report.js";
import { readSamples, type Samples } from "./samples.js";
import { type Times, timeProducts } from "./tune.js";

/** How a network is quantised. All has defaults. */
export interface QuantizeOptions extends Pick<LoadOptions, "threads" | "relaxedSimd" | "workerUrl" | "createWorker"> {
  /**
   * How the range of each activation is chosen, of the numbers that it has over the calibration data: "minmax", all of them;
   * "percentile", all but one in 10,000 at either end; "mse", so that the squared error of the rounded ones is least. Default "mse".
   */
  ranges?: Ranges;
  /** Samples of the calibration data that are looked at, spread over it. Default 256. */
  samples?: number;
  /** The first product on integers, too. It reads the input, whose range may need more than 7 bits. Default false. */
  first?: boolean;
  /** The last product on integers, too: its results are the outputs. Default true. */
  last?: boolean;
  /** Products to leave in float32, by the names of their weights. */
  keep?: readonly string[];
  /**
   * Which products are faster on integers is measured on this machine, in place of a table of costs. What is chosen is saved, so
   * that the model computes the same wherever it is loaded. Default false.
   */
  tune?: boolean;
  /** Samples with classes for `report.accuracy`, in place of the calibration data. */
  validation?: Dataset;
  /** Stops with the signal's reason as an error. */
  signal?: AbortSignal;
}

const schema = () =>
  ({
    ranges: oneOf(["minmax", "percentile", "mse"], "mse"),
    samples: integer({ min: 1, default: 256 }),
    first: flag(false),
    last: flag(true),
    keep: as<readonly string[] | undefined>(),
    tune: flag(false),
    validation: as<Dataset | undefined>(),
    signal: abortSignal,
    threads: as<LoadOptions["threads"]>(),
    relaxedSimd: as<LoadOptions["relaxedSimd"]>(),
    workerUrl: as<LoadOptions["workerUrl"]>(),
    createWorker: as<LoadOptions["createWorker"]>(),
  }) satisfies Schema<QuantizeOptions>;

/** `quantize` of an entry point. */
export const quantizer =
  (runtime: Runtime, kernels: Host["kernels"]) =>
  async (
    model: Predictor,
    calibrationData: Dataset | TensorLike,
    options?: QuantizeOptions,
  ): Promise<QuantizedModel> => {
    if (!(model instanceof Predictor))
      throw new ArgumentError(expectation("quantize", "model", "a model from createModel or loadModel", model));
    const { ranges, samples, first, last, keep, tune, validation, signal, ...given } = readOptions(
      "quantize",
      options,
      schema,
    );
    const settings = readLoadOptions(given);
    const { network, inputShape } = model;
    if (network instanceof Quantized)
      throw new ArgumentError(expectation("quantize", "model", "one in float32", "one in eight bits"));
    const { host, known } = await integerHost(runtime, kernels);
    const make = async (network: Layer, state: StateDict) => {
      const made = await assemble(host, describeNetwork(network, inputShape), settings, undefined);
      writeStateDict(made.engine, state);
      setSequences(made.engine, known);
      return made;
    };
    const calibrated = readSamples("quantize", calibrationData, model, samples);
    const observed = new Observed(network);
    const { engine } = await make(observed, readStateDict(model.engine));
    const before = await calibrate(engine, observed, calibrated, signal);
    engine.executor.pool?.stop();
    const findings = [...before.findings.values()];
    const how = { ranges, first, last, keep };
    const build = (choices: Choices) => {
      const precisions = Object.fromEntries([...choices].map(([name, { precision }]) => [name, precision]));
      const quantized = new Quantized(network, precisions);
      return make(quantized, tensorsOf(quantized, inputShape, readStateDict(model.engine), findings, choices));
    };
    const times = tune ? await measure() : undefined;
    const choices = choose(findings, how, times && isFasterBy(times));
    const made = await build(choices);
    const after = await outputsOf(made.engine, calibrated, signal);
    const report: QuantizationReport = {
      samples: calibrated.count,
      ...compareOutputs(before.outputs, after.outputs, numel(made.engine.description.outputShape)),
      accuracy: await accuracy(),
      bytes: bytesOfWeights(findings, choices),
      layers: findings.map(({ product: { name, node }, macs }) => {
        const { precision, why } = lookUp(choices, name);
        const milliseconds = times?.get(node.path);
        return { name, precision: isInteger(precision) ? "int8" : "float32", why, macs, milliseconds };
      }),
    };
    const { transform, classNames, temperature } = model;
    return new QuantizedModel(made.engine, made.info, { transform, classNames, temperature }, report);

    /** What products take: all that can be on integers, and none. */
    async function measure(): Promise<Times> {
      const [integers, floats] = [true, false].map((is) => choose(findings, { ...how, first: is }, () => is));
      const [int8, float32] = [await build(integers), await build(floats)];
      const { x } = await calibrated.read(0, 1);
      const times = timeProducts(int8.engine, float32.engine, x, signal);
      for (const { engine } of [int8, float32]) engine.executor.pool?.stop();
      return times;
    }

    async function accuracy() {
      if (validation === undefined) {
        if (calibrated.hasClasses) return compareAccuracy(after.classes, before.outputs, after.outputs);
        return undefined;
      }
      const all = readSamples("quantize", validation, model, Infinity);
      const [first, second] = [await outputsOf(model.engine, all, signal), await outputsOf(made.engine, all, signal)];
      return all.hasClasses ? compareAccuracy(first.classes, first.outputs, second.outputs) : undefined;
    }
  };

/** By what was measured; a product without a time of its own is taken for faster on integers. */
const isFasterBy =
  (times: Times) =>
  ({ product: { node } }: Finding): boolean => {
    const { int8, float32 } = times.get(node.path) ?? { int8: 0, float32: 0 };
    return int8 <= float32;
  };

/** The tensors that the network has: of other layers than products those of the model that it was made of. */
function tensorsOf(
  network: Quantized,
  inputShape: Shape,
  old: StateDict,
  findings: readonly Finding[],
  choices: Choices,
): StateDict {
  const { parameters, buffers } = describeNetwork(network, inputShape);
  const all = quantizedState(old, findings, choices);
  return new Map([...parameters, ...buffers].map(({ name }) => [name, lookUp(all, name)]));
}

async function calibrate(engine: Engine, observed: Observed, samples: Samples, signal: AbortSignal | undefined) {
  const calibration = new Calibration(engine, observed);
  const size = numel(engine.description.outputShape);
  const outputs = new Float32Array(samples.count * size);
  const batch = calibrationBatch(engine);
  for (let at = 0; at < samples.count; at += batch) {
    signal?.throwIfAborted();
    const n = Math.min(batch, samples.count - at);
    const { x } = await samples.read(at, n);
    outputs.set(calibration.take(x, n), at * size);
  }
  return { findings: calibration.findings, outputs };
}
