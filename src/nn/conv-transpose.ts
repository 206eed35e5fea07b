/** Transposed convolutions, which make images larger. */
import { ArgumentError, expectation } from "../core/errors.js";
import { flag, integer, readOptions, type Schema } from "../core/options.js";
import { imageOf, last, numel, type Pair } from "../core/shape.js";
import { pair, type Size } from "../core/size.js";
import { biasInit, type Init, type InitName, weightInit, weightStart } from "../graph/init.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { convTranspose2d } from "../ops/conv-transpose.js";
import { noEpilogue } from "../ops/epilogue.js";
import { expectGroups } from "./conv.js";
import { expectSize, Layer } from "./layer.js";

export interface ConvTranspose2dOptions {
  kernelSize: Size;
  /** How many times as large the result is. Default 1. */
  stride?: Size;
  /** Pixels that are cut off around the result. Default 0. */
  padding?: Size;
  /** Pixels more at the bottom and on the right; below the stride or the dilation. Default 0. */
  outputPadding?: Size;
  /** Default 1. */
  dilation?: Size;
  /** Default 1. */
  groups?: number;
  /** Default true. */
  bias?: boolean;
  /** What `weight` starts from. Default `"default"`: PyTorch's initialisation, `bias` too; with any other, `bias` starts at 0. */
  init?: InitName | Init;
}

const schema = () =>
  ({
    kernelSize: pair(1),
    stride: pair(1, 1),
    padding: pair(0, 0),
    outputPadding: pair(0, 0),
    dilation: pair(1, 1),
    groups: integer({ min: 1, default: 1 }),
    bias: flag(true),
    init: weightStart(),
  }) satisfies Schema<ConvTranspose2dOptions>;

/**
 * 2-D transposed convolution of images [n, h, w, inChannels] → [n, oh, ow, outChannels] with
 * oh = (h - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1: the gradient of a Conv2d as a layer (Dumoulin &
 * Visin 2016, arXiv:1603.07285). Parameters: `weight` [inChannels, outChannels / groups, kh, kw], `bias` [outChannels].
 *
 * @example
 * new ConvTranspose2d(8, 4, { kernelSize: 2, stride: 2 }); // [n, 16, 16, 8] → [n, 32, 32, 4]
 */
export class ConvTranspose2d extends Layer {
  readonly type = "ConvTranspose2d";
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: {
    kernelSize: [number, number];
    stride: [number, number];
    padding: [number, number];
    outputPadding: [number, number];
    dilation: [number, number];
    groups: number;
    bias: boolean;
    init: InitName | Init;
  };

  constructor(inChannels: number, outChannels: number, options: ConvTranspose2dOptions) {
    super();
    this.options = readOptions("ConvTranspose2d", options, schema);
    this.inChannels = expectSize("ConvTranspose2d", "inChannels", inChannels);
    this.outChannels = expectSize("ConvTranspose2d", "outChannels", outChannels);
    const { groups, stride, dilation, outputPadding } = this.options;
    expectGroups("ConvTranspose2d", groups, inChannels, outChannels);
    expectOutputPadding("ConvTranspose2d", outputPadding, stride, dilation);
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { kernelSize, bias, init, padding, ...window } = this.options;
    const weights = declareTransposed(b, this, { kernelSize, groups: window.groups, bias, init });
    return convolveTransposed(b, x, { ...weights, before: padding, after: padding, ...window });
  }
}

export interface ConvTranspose1dOptions extends Pick<ConvTranspose2dOptions, "groups" | "bias" | "init"> {
  kernelSize: number;
  /** How many times as long the result is. Default 1. */
  stride?: number;
  /** What is cut off at both ends. Default 0. */
  padding?: number;
  /** What is added at the end; below the stride or the dilation. Default 0. */
  outputPadding?: number;
  /** Default 1. */
  dilation?: number;
}

const schema1d = () => {
  const { groups, bias, init } = schema();
  return {
    kernelSize: integer({ min: 1 }),
    stride: integer({ min: 1, default: 1 }),
    padding: integer({ min: 0, default: 0 }),
    outputPadding: integer({ min: 0, default: 0 }),
    dilation: integer({ min: 1, default: 1 }),
    ...{ groups, bias, init },
  } satisfies Schema<ConvTranspose1dOptions>;
};

/**
 * 1-D transposed convolution of signals [n, length, inChannels] → [n, l, outChannels]; see `ConvTranspose2d`.
 * Parameters: `weight` [inChannels, outChannels / groups, kernelSize], `bias` [outChannels].
 *
 * @example
 * new ConvTranspose1d(8, 4, { kernelSize: 2, stride: 2 }); // [n, 64, 8] → [n, 128, 4]
 */
export class ConvTranspose1d extends Layer {
  readonly type = "ConvTranspose1d";
  readonly inChannels: number;
  readonly outChannels: number;
  readonly options: Required<ConvTranspose1dOptions>;

  constructor(inChannels: number, outChannels: number, options: ConvTranspose1dOptions) {
    super();
    this.options = readOptions("ConvTranspose1d", options, schema1d);
    this.inChannels = expectSize("ConvTranspose1d", "inChannels", inChannels);
    this.outChannels = expectSize("ConvTranspose1d", "outChannels", outChannels);
    const { groups, stride, dilation, outputPadding } = this.options;
    expectGroups("ConvTranspose1d", groups, inChannels, outChannels);
    expectOutputPadding("ConvTranspose1d", [outputPadding], [stride], [dilation]);
  }

  protected args(): unknown[] {
    return [this.inChannels, this.outChannels, this.options];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { kernelSize, stride, padding, outputPadding, dilation, groups, bias, init } = this.options;
    return convolveTransposed(b, x, {
      ...declareTransposed(b, this, { kernelSize: [kernelSize], groups, bias, init }),
      stride: [1, stride],
      before: [0, padding],
      after: [0, padding],
      outputPadding: [0, outputPadding],
      dilation: [1, dilation],
      groups,
    });
  }
}

function expectOutputPadding(
  where: string,
  outputPadding: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
): void {
  if (outputPadding.some((size, i) => size > 0 && size >= Math.max(stride[i], dilation[i])))
    throw new ArgumentError(expectation(where, "outputPadding", "less than stride or dilation", outputPadding));
}

/** The parameters of a layer. */
function declareTransposed(
  b: Builder,
  { inChannels, outChannels }: { inChannels: number; outChannels: number },
  { kernelSize, groups, bias, init }: { kernelSize: number[]; groups: number; bias: boolean; init: InitName | Init },
) {
  // PyTorch counts what an output sums over by the second dimension of the weights.
  const fanIn = (outChannels / groups) * numel(kernelSize);
  const weight = b.parameter("weight", [inChannels, outChannels / groups, ...kernelSize], {
    init: weightInit(init, fanIn, inChannels * numel(kernelSize)),
    layout: "channelsLast",
  });
  return { weight, bias: bias ? b.parameter("bias", [outChannels], { init: biasInit(init, fanIn) }) : undefined };
}

/** Filters and how they move; pairs are [vertical, horizontal]. */
export interface ConvolveTransposed {
  weight: ValueId;
  bias: ValueId | undefined;
  stride: Pair;
  /** What is cut off before and after. */
  before: Pair;
  after: Pair;
  outputPadding: Pair;
  dilation: Pair;
  groups: number;
}

/** Of images by filters [in, kh, kw, out / groups] in memory, or of signals by [in, k, out / groups]. */
export function convolveTransposed(b: Builder, x: ValueId, options: ConvolveTransposed): ValueId {
  const { weight, bias, stride, before, after, outputPadding, dilation, groups } = options;
  const [shape, filters] = [b.shape(x), b.shape(weight)];
  const expected = `[n, ${filters.length === 3 ? "length" : "h, w"}, ${filters[0]}]`;
  b.expect(shape.length === filters.length && last(shape) === filters[0], "input", expected, shape);
  const [kh, kw, perGroup] = imageOf(filters);
  const kernel = [kh, kw] as const;
  const from = imageOf(shape);
  const reach = [0, 1].map((i) => (from[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1);
  const [oh, ow] = reach.map((size, i) => size - before[i] - after[i] + outputPadding[i]);
  b.expect(oh >= 1 && ow >= 1, "output", "at least one pixel", [oh, ow]);
  const inputs = bias === undefined ? [x, weight] : [x, weight, bias];
  // The convolution that it is the gradient of: its windows end where the last of x's pixels reaches.
  const [bottom, right] = [oh, ow].map((size, i) => reach[i] - size - before[i]);
  const convolution = { outChannels: filters[0], kernel, stride, padding: before, after: [bottom, right] as const };
  const epilogue = { ...noEpilogue, bias: bias !== undefined };
  const rest = { dilation, groups, input: [oh, ow, perGroup * groups] as const, epilogue };
  return b.op(convTranspose2d, inputs, { ...convolution, ...rest })[0];
}
