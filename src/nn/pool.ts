import { poolOutputSize } from "../abi/conv.js";
import { expectBoolean, expectOptions } from "../core/check.js";
import { ArgumentError, expectation, ShapeError } from "../core/errors.js";
import { formatShape } from "../core/shape.js";
import type { ValueId } from "../graph/value.js";
import type { Builder } from "../ops/builder.js";
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "../ops/pool.js";
import { Layer } from "./layer.js";
import { expectPair, type Size } from "./size.js";

export interface MaxPool2dOptions {
  kernelSize: Size;
  /** Default: the kernel size. */
  stride?: Size;
  /** Implicit border of -Infinity; at most half the kernel. Default 0. */
  padding?: Size;
  /** Default 1. */
  dilation?: Size;
  /** Round the output size up: the last window may hang over the edge. Default false. */
  ceilMode?: boolean;
}

export interface AvgPool2dOptions extends Omit<MaxPool2dOptions, "dilation"> {
  /** Whether the zeros of the padding count in the mean. Default true. */
  countIncludePad?: boolean;
}

interface Window {
  kernel: [number, number];
  stride: [number, number];
  padding: [number, number];
  dilation: [number, number];
  ceilMode: boolean;
}

function expectWindow(where: string, options: MaxPool2dOptions): Window {
  const { kernelSize, stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options;
  const kernel = expectPair(where, "kernelSize", kernelSize, 1);
  const pads = expectPair(where, "padding", padding, 0);
  if (pads.some((pad, i) => pad > kernel[i] / 2))
    throw new ArgumentError(
      expectation(where, "padding", `at most half the kernel ${formatShape(kernel)}`, formatShape(pads)),
    );
  return {
    kernel,
    stride: expectPair(where, "stride", stride, 1),
    padding: pads,
    dilation: expectPair(where, "dilation", dilation, 1),
    ceilMode: expectBoolean(where, "ceilMode", ceilMode),
  };
}

/** Checks the input and returns [oh, ow]. */
function outputSize(b: Builder, x: ValueId, { kernel, stride, padding, dilation, ceilMode }: Window): [number, number] {
  const shape = b.shape(x);
  b.expect(shape.length === 4, "input", "[n, h, w, channels]", formatShape(shape), undefined, ShapeError);
  const size = (i: number) => poolOutputSize(shape[i + 1], kernel[i], stride[i], padding[i], dilation[i], ceilMode);
  b.expect(
    size(0) >= 1 && size(1) >= 1,
    "input",
    "an image at least as large as the kernel",
    formatShape(shape),
    undefined,
    ShapeError,
  );
  return [size(0), size(1)];
}

/** The largest value of each window; NaN wins. [n, h, w, c] → [n, oh, ow, c]. */
export class MaxPool2d extends Layer {
  readonly type = "MaxPool2d";
  readonly #window: Window;

  constructor(options: MaxPool2dOptions) {
    super();
    this.#window = expectWindow(
      "MaxPool2d",
      expectOptions("MaxPool2d", options, ["kernelSize", "stride", "padding", "dilation", "ceilMode"]),
    );
  }

  protected args(): unknown[] {
    const { kernel, ...rest } = this.#window;
    return [{ kernelSize: kernel, ...rest }];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { ceilMode, ...window } = this.#window;
    return b.op(maxPool2d, [x], { ...window, output: outputSize(b, x, { ...window, ceilMode }) })[0];
  }
}

/** The mean of each window, by PyTorch's rules for the border. [n, h, w, c] → [n, oh, ow, c]. */
export class AvgPool2d extends Layer {
  readonly type = "AvgPool2d";
  readonly #window: Window;
  readonly #countIncludePad: boolean;

  constructor(options: AvgPool2dOptions) {
    super();
    const { countIncludePad = true, ...window } = expectOptions("AvgPool2d", options, [
      "kernelSize",
      "stride",
      "padding",
      "ceilMode",
      "countIncludePad",
    ]);
    this.#window = expectWindow("AvgPool2d", window);
    this.#countIncludePad = expectBoolean("AvgPool2d", "countIncludePad", countIncludePad);
  }

  protected args(): unknown[] {
    const { kernel, stride, padding, ceilMode } = this.#window;
    return [{ kernelSize: kernel, stride, padding, ceilMode, countIncludePad: this.#countIncludePad }];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const { kernel, stride, padding } = this.#window;
    const attributes = { kernel, stride, padding, countIncludePad: this.#countIncludePad };
    return b.op(avgPool2d, [x], { ...attributes, output: outputSize(b, x, this.#window) })[0];
  }
}

/** Means over a grid of `size` bins that cover the image, whatever its size. [n, h, w, c] → [n, size[0], size[1], c]. */
export class AdaptiveAvgPool2d extends Layer {
  readonly type = "AdaptiveAvgPool2d";
  readonly size: [number, number];

  constructor(size: Size) {
    super();
    this.size = expectPair("AdaptiveAvgPool2d", "size", size, 1);
  }

  protected args(): unknown[] {
    return [this.size];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    const shape = b.shape(x);
    b.expect(shape.length === 4, "input", "[n, h, w, channels]", formatShape(shape), undefined, ShapeError);
    return b.op(adaptiveAvgPool2d, [x], { output: this.size })[0];
  }
}
