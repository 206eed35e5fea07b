/** A network with weights, for predictions. */
import { expectation, ResnetWasmError, RuntimeSupportError } from "../core/errors.js";
import { demanded } from "../core/on-demand.js";
import { integer, optional, readOptions, type Schema } from "../core/options.js";
import { numel, type Shape } from "../core/shape.js";
import type { Tensor, TensorLike } from "../core/tensor.js";
import type { ImageSource } from "../data/image/source.js";
import type { Layer } from "../nn/layer.js";
import { byName, type Outputs } from "../nn/outputs.js";
import { readClassNames } from "./class-names.js";
import type { Classification, ClassifyOptions } from "./classify.js";
import type { Engine } from "./engine.js";
import { fillInput, toInput } from "./input.js";
import { givesProbabilities } from "./probabilities.js";

/** Which path runs, and why. */
export interface ModelInfo {
  simd: boolean;
  relaxedSimd: boolean;
  /** Kernels of 256 bits; absent where they were not asked for. */
  wide?: boolean;
  /** How many there are by now. */
  threads: number;
  why: string;
}

/** What a model holds beside its weights, to say what goes in and comes out. */
export interface Extras {
  transform: unknown;
  classNames: readonly string[] | undefined;
  temperature: number | undefined;
}

/** How `predict` goes through its input. */
export interface PredictOptions {
  /** Samples that pass through the network at once. Default: as many as keep the activations within 64 MB, at most 256. */
  batchSize?: number;
}

/**
 * A network with weights that predicts.
 *
 * @example
 * const [{ name, probability }] = await model.classify(picture);
 */
export class Predictor {
  #engine: Engine | null;
  readonly info: ModelInfo;
  /** How inputs are to be prepared, as JSON; saved with the weights. See `transformImage` of resnet-wasm/data. */
  transform: unknown;
  #classNames: readonly string[] | undefined;
  /**
   * By which `classify` divides logits before the softmax, as `calibrate` of resnet-wasm/metrics found it; saved with the weights.
   * Undefined until then, and again when the weights have changed. Above 0: `classify` and `save` throw `ArgumentError` on others.
   */
  temperature: number | undefined;

  /** @internal Made by `createModel` and `loadModel`. */
  constructor(engine: Engine, info: ModelInfo, { transform, classNames, temperature }: Extras) {
    this.#engine = engine;
    this.info = info;
    this.transform = transform;
    this.#classNames = classNames;
    this.temperature = temperature;
  }

  /** @internal Vue makes no proxy of what has it: private members are not those of a proxy. */
  get __v_skip(): boolean {
    return true;
  }

  /** @internal Used by trainers and compilers. */
  get engine(): Engine {
    return this.use("model");
  }

  get network(): Layer {
    return this.use("model").description.network;
  }

  /** Shape of one sample. */
  get inputShape(): Shape {
    return this.use("model").description.inputShape;
  }

  /** Shape of one output. A network with several outputs has [all their numbers] here, and `outputShapes`. */
  get outputShape(): Shape {
    return this.use("model").description.outputShape;
  }

  /** The shape of each output by name, where there are several. */
  get outputShapes(): Readonly<Record<string, Shape>> | undefined {
    return this.network.outputs?.()?.shapes;
  }

  /** What the classes are called, in the order of the outputs; saved with the weights. */
  get classNames(): readonly string[] | undefined {
    return this.#classNames;
  }

  /** Throws `ArgumentError` where there is not one name for each output. */
  set classNames(names: readonly string[] | undefined) {
    this.#classNames = readClassNames("model", names, this.outputShape);
  }

  /**
   * Outputs in evaluation mode, [n, …outputShape]. The batch size follows from the input. Bytes (Uint8Array,
   * Uint8ClampedArray) mean value / 255, as in datasets; a model with a `transform` refuses them with `ArgumentError`,
   * because they may be a picture before it or after. Throws `ShapeError` when the input does not fit the network. A network
   * with several outputs gives a record of them by name: `model.predict<Outputs>(x)`. A call of this thread
   * hears no signal before its end; `predict` in a worker does, between batches.
   */
  predict<Y extends Tensor | Outputs = Tensor>(x: TensorLike, options?: PredictOptions): Y {
    const passes = predictInParts(this.use("predict"), this, x, options);
    let pass = passes.next();
    while (!pass.done) pass = passes.next();
    return byName(this.network, pass.value);
  }

  /**
   * The most probable classes of a picture, first the best: `{ index, name, probability }`; of an array of pictures, a list of
   * such lists. Takes canvases, `ImageData`, bitmaps, images, video frames, `{ data, width, height }`, blobs and the bytes of
   * files, turned by their EXIF orientation, and prepares them by `model.transform` as `transformImage` and `loadImageFolder`
   * do; without a transform a picture must have the model's size, and bytes mean value / 255. Outputs become probabilities by
   * a softmax, unless the network ends in a Softmax or Sigmoid. `name` is undefined without `model.classNames`.
   *
   * Throws `ShapeError` where picture, transform and network do not fit, or outputs are not [classes]; `NumericError` on outputs
   * that are no numbers; `DataError`, `FormatError` and `ArgumentError` on what is no picture.
   *
   * ```ts
   * const [{ name, probability }] = await model.classify(canvas, { topK: 1 });
   * ```
   */
  classify(image: ImageSource, options?: ClassifyOptions): Promise<Classification[]>;
  classify(images: readonly ImageSource[], options?: ClassifyOptions): Promise<Classification[][]>;
  async classify(given: unknown, options?: ClassifyOptions): Promise<Classification[] | Classification[][]> {
    const { network, inputShape, outputShape } = this.use("classify").description;
    network.outputs?.()?.refuse("classify");
    const { transform, classNames, temperature } = this;
    const { classify } = await demanded("classify", import("./classify.js"));
    return classify(
      {
        inputShape,
        outputShape,
        transform,
        classNames,
        temperature,
        fill: fillInput,
        givesProbabilities: givesProbabilities(network, inputShape),
        predict: (x) => this.predict(x),
      },
      given,
      options,
    );
  }

  /** Releases memory and worker threads now; forgetting the model does the same later. */
  dispose(): void {
    this.#engine?.executor.dispose();
    this.#engine = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  protected use(where: string): Engine {
    if (!this.#engine) throw new ResnetWasmError(expectation(where, "model", "in use", "disposed"));
    return this.#engine;
  }
}

/** Passes its input through batch by batch, one whenever it is asked to go on. */
export function* predictInParts(
  engine: Engine,
  model: Pick<Predictor, "inputShape" | "outputShape" | "transform">,
  x: TensorLike,
  options: PredictOptions | undefined,
): Generator<undefined, Tensor> {
  const schema = () => ({ batchSize: optional(integer({ min: 1 })) }) satisfies Schema<PredictOptions>;
  const { batchSize } = readOptions("predict", options, schema);
  const { inputShape, outputShape } = model;
  const batch = toInput("predict", x, model);
  const [from, to] = [numel(inputShape), numel(outputShape)];
  const data = allocate("predict", batch.batchSize * to);
  const step = Math.min(batchSize ?? engine.fittingBatch, batch.batchSize);
  for (let at = 0; at < batch.batchSize; at += step) {
    const n = Math.min(step, batch.batchSize - at);
    const pass = engine.step({ batchSize: n, training: false, backward: "none" });
    fillInput(pass.input, batch.data, at * from);
    pass.run();
    data.set(pass.output, at * to);
    yield;
  }
  return { data, shape: [batch.batchSize, ...outputShape] };
}

/** Room for a result. Throws `RuntimeSupportError` where the runtime has none. */
function allocate(where: string, length: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(length);
  } catch (cause) {
    const hint = "Predict fewer samples at a time";
    throw new RuntimeSupportError(
      expectation(where, "output", "a size this runtime can hold", `${length} numbers`, { hint }),
      { cause },
    );
  }
}
