/** The encoders of the ops on images, [n, h, w, c]. */
import { type Conv2dShape, conv2dBand, conv2dDxPhases, winogradBlock } from "../abi/conv.js";
import type { KernelArguments } from "../abi/records.js";
import { numel, type Shape } from "../core/shape.js";
import type { Node } from "../graph/graph.js";
import { convShape, dxFilterBytes } from "../graph/image-ops.js";
import type { Pool } from "../graph/ops.js";
import { type Context, epilogueCode, withEpilogue } from "./context.js";
import type { Encoders } from "./encode.js";

export const image = (x: Shape): Shape => x.slice(1);

/** The sizes that pooling kernels are given; `x` is [n, h, w, c]. */
export function poolSizes({ kernel, stride, padding, output }: Pool, [batch, h, w, channels]: Shape) {
  const [kh, kw] = kernel;
  const [strideH, strideW] = stride;
  const [padTop, padLeft] = padding;
  const [oh, ow] = output;
  const sizes = { batch, h, w, c: channels, oh, ow, kh, kw, strideH, strideW, padTop, padLeft };
  return { ...sizes, dilationH: 1, dilationW: 1 };
}

export const dilations = ({ dilation: [dilationH, dilationW] }: { dilation: readonly [number, number] }) => ({
  dilationH,
  dilationW,
});

type Product = Node<"conv2d"> | Node<"conv2dDx">;

// A shape has all the sizes that any convolution kernel is given, by their names.

export function emitWinograd(node: Product, s: Conv2dShape, c: Context): void {
  const { epilogue } = node.attributes;
  const rest = { ...s, block: winogradBlock(s), ...epilogueCode(epilogue) };
  c.emit("f32_conv2d_winograd_f4x3", node, withEpilogue("x filter", epilogue), "y", rest);
}

/** The direct kernel writing y at these strides, in numbers; `moved` are operands that it finds elsewhere. */
export function emitDirect(
  node: Product,
  s: Conv2dShape,
  strides: Pick<KernelArguments<"f32_conv2d">, "yImage" | "yRow" | "yCol">,
  c: Context,
  moved?: Partial<KernelArguments<"f32_conv2d">>,
): void {
  const { epilogue } = node.attributes;
  const rest = { ...s, ...strides, band: conv2dBand(s.oh), ...epilogueCode(epilogue), ...moved };
  c.emit("f32_conv2d", node, withEpilogue("x filter", epilogue), "y", rest);
}

export const IMAGE_ENCODERS = {
  conv2d: (node, c) => {
    const { epilogue, algorithm, ...convolution } = node.attributes;
    const x = c.shape(node, 0);
    const s = convShape(convolution, x[0], image(x));
    if (algorithm === "winograd") emitWinograd(node, s, c);
    else if (algorithm === "depthwise")
      c.emit("f32_dwconv", node, withEpilogue("x filter", epilogue), "y", { ...s, ...epilogueCode(epilogue) });
    else emitDirect(node, s, { yImage: s.oh * s.ow * s.oc, yRow: s.ow * s.oc, yCol: s.oc }, c);
  },
  conv2dFilter: (node, c) => {
    const { dx, algorithm, input, ...convolution } = node.attributes;
    const s = convShape(convolution, 1, input);
    const flag = { dx: Number(dx) };
    if (algorithm === "winograd")
      return c.emit("f32_winograd_f4x3_filter", node, "filter", "transformed", { ...s, ...flag });
    const whole = { firstH: 0, stepH: 1, tapsH: s.kh, firstW: 0, stepW: 1, tapsW: s.kw };
    if (!dx) return c.emit("f32_conv2d_pack", node, "filter", "packed", { ...s, ...flag, ...whole });
    const filterBytes = dxFilterBytes(s);
    let packed = c.output(node);
    conv2dDxPhases(s).forEach(({ shape, rows, cols }, i) => {
      const vertical = { firstH: rows.first, stepH: rows.step, tapsH: rows.taps };
      const horizontal = { firstW: cols.first, stepW: cols.step, tapsW: cols.taps };
      const rest = { ...s, ...flag, packed, ...vertical, ...horizontal };
      if (shape.kh > 0) c.emit("f32_conv2d_pack", node, "filter", "packed", rest);
      packed += filterBytes[i];
    });
  },
  foldBatchNorm: (node, c) => {
    const w = c.shape(node, 0);
    const inputs = node.attributes.affine ? "w mean rstd gamma beta bias" : "w mean rstd bias";
    c.emit("f32_fold_batch_norm", node, inputs, "folded foldedBias", { rows: w[0], cols: numel(w) / w[0] });
  },
  maxPool2d: (node, c) => {
    const sizes = { ...poolSizes(node.attributes, c.shape(node, 0)), ...dilations(node.attributes) };
    c.emit("f32_max_pool", node, "x", "y", sizes);
  },
  avgPool2d: (node, c) => c.emit("f32_avg_pool", node, "x", "y", poolSizes(node.attributes, c.shape(node, 0))),
  adaptiveAvgPool2d: (node, c) => {
    const [, h, w, channels] = c.shape(node, 0);
    const [oh, ow] = node.attributes.output;
    c.emit("f32_adaptive_avg_pool", node, "x", "y", { h, w, c: channels, oh, ow });
  },
  padShortcut: (node, c) => {
    const [, h, w, ic] = c.shape(node, 0);
    const [, oh, ow, oc] = c.graph.shape(node.outputs[0]);
    c.emit("f32_pad_shortcut", node, "x", "y", { h, w, ic, oh, ow, oc });
  },
  scaleChannels: (node, c) => {
    const [, h, w] = c.shape(node, 0);
    c.emit("f32_scale_channels", node, "x s", "y", { pixels: h * w });
  },
  transposeChannels: (node, c) => {
    const [, a, b, d] = c.shape(node, 0);
    const [rows, cols] = node.attributes.toFirst ? [a * b, d] : [a, b * d];
    c.emit("f32_transpose", node, "x", "y", { rows, cols });
  },
} satisfies Encoders;
