/** The encoders of the ops on images, [n, h, w, c]. */
import { type Conv2dShape, conv2dBand, conv2dDxPhases, winogradBlock } from "../core/conv.js";
import { numel, type Shape } from "../core/shape.js";
import type { AnyNode } from "../graph/graph.js";
import { convShape, dxFilterBytes } from "../graph/image-ops.js";
import type { Epilogue, Pool } from "../graph/ops.js";
import type { KernelArguments } from "./abi.js";
import { type Context, epilogueArguments, scratchOf } from "./context.js";
import type { Encoders } from "./encode.js";

export const image = (x: Shape): Shape => x.slice(1);

/** The sizes that every pooling kernel is given; `x` is [n, h, w, c]. */
export function poolSizes({ kernel, stride, padding, output }: Pool, [batch, h, w, channels]: Shape) {
  const [kh, kw] = kernel;
  const [strideH, strideW] = stride;
  const [padTop, padLeft] = padding;
  const [oh, ow] = output;
  return { batch, h, w, c: channels, oh, ow, kh, kw, strideH, strideW, padTop, padLeft };
}

export const dilations = ({ dilation: [dilationH, dilationW] }: { dilation: readonly [number, number] }) => ({
  dilationH,
  dilationW,
});

/** The epilogue without row strides: convolutions read residual and source where they write. */
export function convEpilogue(node: AnyNode, epilogue: Epilogue, c: Context) {
  const { bias, residual, activation, param, source } = epilogueArguments(node, 2, 0, epilogue, c);
  return { bias, residual, activation, param, source };
}

/** A shape has all the sizes that any convolution kernel is given, by their names. */
export function emitWinograd(node: AnyNode, s: Conv2dShape, epilogue: Epilogue, c: Context): void {
  const operands = { x: c.input(node, 0), filter: c.input(node, 1), y: c.output(node), block: winogradBlock(s) };
  c.emit("f32_conv2d_winograd_f4x3", { ...operands, ...s, ...convEpilogue(node, epilogue, c), ...scratchOf(c) });
}

type Direct = KernelArguments<"f32_conv2d">;

/** The direct kernel writing y at these strides, in numbers. */
export function emitDirect(
  s: Conv2dShape,
  operands: Pick<Direct, "x" | "filter" | "y">,
  strides: Pick<Direct, "yImage" | "yRow" | "yCol">,
  epilogue: ReturnType<typeof convEpilogue>,
  c: Context,
): void {
  c.emit("f32_conv2d", { ...operands, ...s, ...strides, band: conv2dBand(s.oh), ...epilogue, ...scratchOf(c) });
}

export const IMAGE_ENCODERS = {
  conv2d: (node, c) => {
    const { epilogue, algorithm, ...convolution } = node.attributes;
    const x = c.shape(node, 0);
    const s = convShape(convolution, x[0], image(x));
    if (algorithm === "winograd") return emitWinograd(node, s, epilogue, c);
    const operands = { x: c.input(node, 0), filter: c.input(node, 1), y: c.output(node) };
    if (algorithm === "depthwise")
      return c.emit("f32_dwconv", { ...operands, ...s, ...convEpilogue(node, epilogue, c), ...scratchOf(c) });
    emitDirect(
      s,
      operands,
      { yImage: s.oh * s.ow * s.oc, yRow: s.ow * s.oc, yCol: s.oc },
      convEpilogue(node, epilogue, c),
      c,
    );
  },
  conv2dFilter: (node, c) => {
    const { dx, algorithm, input, ...convolution } = node.attributes;
    const s = convShape(convolution, 1, input);
    const { oc, ic, groups, kh, kw } = s;
    if (algorithm === "winograd") {
      const args = { filter: c.input(node, 0), transformed: c.output(node), oc, ic, dx: Number(dx) };
      return c.emit("f32_winograd_f4x3_filter", { ...args, ...scratchOf(c) });
    }
    const args = { filter: c.input(node, 0), oc, ic, groups, kh, kw, dx: Number(dx) };
    const whole = { firstH: 0, stepH: 1, tapsH: kh, firstW: 0, stepW: 1, tapsW: kw };
    if (!dx) return c.emit("f32_conv2d_pack", { ...args, packed: c.output(node), ...whole });
    const filterBytes = dxFilterBytes(s);
    let packed = c.output(node);
    conv2dDxPhases(s).forEach(({ shape, rows, cols }, i) => {
      const taps = {
        firstH: rows.first,
        stepH: rows.step,
        tapsH: rows.taps,
        firstW: cols.first,
        stepW: cols.step,
        tapsW: cols.taps,
      };
      if (shape.kh > 0) c.emit("f32_conv2d_pack", { ...args, packed, ...taps });
      packed += filterBytes[i];
    });
  },
  foldBatchNorm: (node, c) => {
    const { bias, affine } = node.attributes;
    const w = c.shape(node, 0);
    const args = { w: c.input(node, 0), mean: c.input(node, 1), rstd: c.input(node, 2) };
    const weights = { gamma: c.input(node, affine ? 3 : -1), beta: c.input(node, affine ? 4 : -1) };
    const old = c.input(node, bias ? (affine ? 5 : 3) : -1);
    const outputs = { folded: c.output(node), foldedBias: c.output(node, 1), rows: w[0], cols: numel(w) / w[0] };
    c.emit("f32_fold_batch_norm", { ...args, ...weights, bias: old, ...outputs });
  },
  maxPool2d: (node, c) => {
    const operands = { x: c.input(node, 0), y: c.output(node) };
    c.emit("f32_max_pool", {
      ...operands,
      ...poolSizes(node.attributes, c.shape(node, 0)),
      ...dilations(node.attributes),
    });
  },
  avgPool2d: (node, c) => {
    const operands = {
      x: c.input(node, 0),
      y: c.output(node),
      countIncludePad: Number(node.attributes.countIncludePad),
    };
    c.emit("f32_avg_pool", { ...operands, ...poolSizes(node.attributes, c.shape(node, 0)) });
  },
  adaptiveAvgPool2d: (node, c) => {
    const [batch, h, w, channels] = c.shape(node, 0);
    const [oh, ow] = node.attributes.output;
    c.emit("f32_adaptive_avg_pool", { x: c.input(node, 0), y: c.output(node), batch, h, w, c: channels, oh, ow });
  },
  padShortcut: (node, c) => {
    const [batch, h, w, ic] = c.shape(node, 0);
    const [, oh, ow, oc] = c.graph.shape(node.outputs[0]);
    const { stride, front } = node.attributes;
    c.emit("f32_pad_shortcut", { x: c.input(node, 0), y: c.output(node), batch, h, w, ic, oh, ow, oc, stride, front });
  },
  scaleChannels: (node, c) => {
    const [batch, h, w, channels] = c.shape(node, 0);
    c.emit("f32_scale_channels", {
      x: c.input(node, 0),
      s: c.input(node, 1),
      y: c.output(node),
      batch,
      pixels: h * w,
      channels,
    });
  },
  transposeChannels: (node, c) => {
    const [batch, a, b, d] = c.shape(node, 0);
    const [rows, cols] = node.attributes.toFirst ? [a * b, d] : [a, b * d];
    c.emit("f32_transpose", { x: c.input(node, 0), y: c.output(node), batch, rows, cols });
  },
} satisfies Encoders;
