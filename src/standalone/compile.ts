/** `compileModel`: a network with its weights as one WebAssembly module that needs nothing else. */
import relaxed from "../../build/kernels/standalone-relaxed.js";
import simd from "../../build/kernels/standalone-simd.js";
import { CONTROL } from "../abi/control.js";
import { ArgumentError, expectation, RuntimeSupportError } from "../core/errors.js";
import { flag, integer, oneOf, optional, readOptions, type Schema } from "../core/options.js";
import type { Shape } from "../core/shape.js";
import type { Engine } from "../model/engine.js";
import { Predictor } from "../model/predictor.js";
import { PAGE } from "../runtime/memory.js";
import { place, Space } from "./layout.js";
import { type Call, link, type Segment } from "./link.js";
import type { KernelObject } from "./object.js";
import { layOutPicture, type PictureOptions, readPicture } from "./picture.js";
import { collectWeights, PRECISIONS, type Precision } from "./weights.js";

/** How a module is made. */
export interface CompileOptions {
  /** Samples that `run` takes at most; all of them have their room in the module's memory. Default 1. */
  batchSize?: number;
  /**
   * Use relaxed SIMD: up to 1.3 times as fast, in hosts that have it, and with last bits that depend on the processor.
   * Default false: the same bits everywhere. Not for networks in eight bits, whose instructions want to be tried first.
   */
  relaxedSimd?: boolean;
  /**
   * How weights of two and more dimensions are written: "F16" halves the file, and the module expands them when it starts. "I8" is
   * for networks in eight bits, made by `quantize`: integers stay bytes, the module computes with them. Default "F32", or "I8"
   * for these.
   */
  precision?: Precision;
  /**
   * Also take pictures, RGB bytes of any size up to this, and apply `model.transform` to them as `transformImage` does: `true`
   * for 2048 x 2048 pixels. The module exports `picture()`, the address of [height, width, 3] bytes, and
   * `load(i, width, height)`, which makes sample `i` of what stands there and gives 0, or 1 where that is no picture for this
   * network. Default: none.
   */
  picture?: boolean | PictureOptions;
}

const schema = () =>
  ({
    batchSize: integer({ min: 1, default: 1 }),
    relaxedSimd: flag(false),
    precision: optional(oneOf(PRECISIONS)),
    picture: readPicture,
  }) satisfies Schema<CompileOptions>;

/** What `info()` of a module points at, as JSON. */
export interface ModuleInfo {
  /** Shape of one sample; numbers are float32, channels last. */
  input: Shape;
  /** Shape of one result. */
  output: Shape;
  /** The results of a network with several outputs, which stand one after the other in `output`. */
  outputs?: Readonly<Record<string, Shape>>;
  batchSize: number;
  classNames?: readonly string[];
  transform?: unknown;
  /** The largest picture that `load` takes. */
  picture?: Required<PictureOptions>;
  precision: Precision;
  relaxedSimd: boolean;
  /** CRC-32 of the weights as float32, integers as bytes, in eight hex digits. */
  hash: string;
}

/**
 * A trained network as one `.wasm` without imports, which any host of WebAssembly with SIMD runs: the kernels that the
 * network takes, the steps of a prediction, the weights. One thread, plain memory that does not grow. It exports
 *
 * * `memory`,
 * * `input()` and `output()`, the addresses (of 16 bytes) of [batchSize, …inputShape] and [batchSize, …outputShape], float32,
 *   little-endian, images as [h, w, channels],
 * * `run(n)`, which predicts the first `n` samples and gives 0, or 1 where n is not 1 to `batchSize`; it leaves the input as it is,
 * * `info()`, the address of JSON in UTF-8 that ends with a zero byte, see `ModuleInfo`.
 *
 * With `relaxedSimd: false` results have the bits of `model.predict` of a model made with `relaxedSimd: false`, for all of
 * `batchSize` samples; `run(n)` computes as many and costs as much. NaN in a sample passes through to its result.
 *
 * Throws `ArgumentError` on what is no model of this thread (a model in a worker: save it and load it here),
 * `RuntimeSupportError` where the module needs more memory than 32 bits address, `NumericError` where a weight is beyond
 * the range of F16.
 *
 * @example
 * import { compileModel } from "resnet-wasm/standalone";
 * writeFileSync("net.wasm", compileModel(model, { batchSize: 8 }));
 */
export function compileModel(model: Predictor, options?: CompileOptions): Uint8Array<ArrayBuffer> {
  const { batchSize, relaxedSimd, picture, ...given } = readOptions("compileModel", options, schema);
  if (!(model instanceof Predictor)) {
    const hint = "Of a model in a worker, save the file and load it in this thread";
    throw new ArgumentError(
      expectation("compileModel", "model", "a model from createModel or loadModel", model, { hint }),
    );
  }
  const { engine, inputShape, outputShape, outputShapes, classNames, transform } = model;
  const precision = precisionOf(engine, given.precision, relaxedSimd);
  const plan = engine.plan({ batchSize, training: false, backward: "none" });
  const space = new Space(batchSize);
  const placed = place(engine, plan, space);
  const pictures =
    picture && layOutPicture(picture, { transform, inputShape, samples: batchSize }, placed.input, space);
  const weights = collectWeights(engine, placed, space, precision);
  const info: ModuleInfo = {
    input: inputShape,
    output: outputShape,
    ...(outputShapes && { outputs: outputShapes }),
    batchSize,
    ...(classNames && { classNames }),
    ...(transform !== undefined && transform !== null && { transform }),
    ...(picture && { picture }),
    precision,
    relaxedSimd,
    hash: weights.hash,
  };
  const text = new TextEncoder().encode(`${JSON.stringify(info)}\0`);
  const told = space.take(text.length);
  const { words, prepare, forward } = placed.program;
  const object = relaxedSimd ? relaxed : simd;
  const { starts } = placed.program;
  const nodes = [...plan.prepare, ...plan.step];
  const opAt = (word: number) => nodes[starts.findLastIndex((start) => start <= word)]?.op.name ?? "none";
  const calls = (from: number, to: number) => callsOf(object, words, { from, to, base: placed.base, opAt });
  const expand = weights.packed.map(
    ({ from, to, count }): Call => ({ target: object.expand, operands: [from, to, count] }),
  );
  const data: Segment[] = [
    ...weights.data,
    { address: placed.base, bytes: new Uint8Array(words.buffer, words.byteOffset, words.byteLength) },
    { address: told, bytes: text },
    ...(pictures?.data ?? []),
  ];
  return link(object, {
    pages: Math.ceil(space.end / PAGE),
    data,
    start: [...expand, ...calls(0, prepare)],
    run: calls(prepare, forward),
    copy: placed.copy,
    claims: CONTROL.claims,
    most: batchSize,
    constants: {
      ...{ input: placed.input, output: placed.output, info: told },
      ...(pictures && { picture: pictures.address }),
    },
    bound: pictures ? { load: { target: object.transform, address: pictures.record } } : {},
  });
}

/** The precision asked for, or else the network's own. Throws `ArgumentError` where it has another. */
function precisionOf({ description }: Engine, asked: Precision | undefined, relaxedSimd: boolean): Precision {
  const isInteger = description.buffers.some(({ dtype }) => dtype === "i8");
  const precision = asked ?? (isInteger ? "I8" : "F32");
  const refuse = (name: string, expected: unknown, got: unknown, hint: string) =>
    new ArgumentError(expectation("compileModel", name, expected, got, { hint }));
  if (isInteger && precision !== "I8")
    throw refuse("precision", '"I8", as the network has it', precision, "The model that it was made of is in float32");
  if (isInteger && relaxedSimd) {
    const hint = "No module can try whether its integers are right; without it they are everywhere";
    throw refuse("relaxedSimd", "false for a network in eight bits", true, hint);
  }
  if (!isInteger && precision === "I8")
    throw refuse(
      "precision",
      "F32 or F16 for a network in float32",
      "I8",
      "quantize of resnet-wasm/quantize makes one",
    );
  return precision;
}

/** Words of a record in front of its fields, the first of them the number of its kernel, the second how many words it has. */
interface Range {
  from: number;
  to: number;
  /** The address of the first word of the program. */
  base: number;
  /** The op that has the record at a word. */
  opAt(word: number): string;
}

const WORD = 4;

/** The calls of the records between two words of a program: all of the work in one part, or by the first of one thread. */
function callsOf(object: KernelObject, words: Int32Array, { from, to, base, opAt }: Range): Call[] {
  const calls: Call[] = [];
  for (let at = from; at < to; at += words[at + 1]) {
    const target = object.kernels[words[at]] ?? -1;
    if (target < 0)
      throw new RuntimeSupportError(
        expectation("compileModel", "network", "ops that have kernels for predictions", `${opAt(at)}, which has none`),
      );
    calls.push({ target, operands: [base + at * WORD, 0, 1] });
  }
  return calls;
}
