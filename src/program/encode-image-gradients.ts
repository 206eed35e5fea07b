/** The encoders of the gradients of the ops on images, [n, h, w, c]. */
import { conv2dBand, conv2dDxPhases, winogradDwBlock, winogradDwChunks, winogradDxShape } from "../core/conv.js";
import { convShape, dxFilterBytes } from "../graph/image-ops.js";
import { scratchOf } from "./context.js";
import type { Encoders } from "./encode.js";
import { convEpilogue, dilations, emitDirect, emitWinograd, image, poolSizes } from "./encode-image.js";

export const IMAGE_GRADIENT_ENCODERS = {
  conv2dDx: (node, c) => {
    const { epilogue, algorithm, input, ...convolution } = node.attributes;
    const s = convShape(convolution, c.shape(node, 0)[0], input);
    if (algorithm === "winograd") return emitWinograd(node, winogradDxShape(s), epilogue, c);
    const operands = { x: c.input(node, 0), filter: c.input(node, 1), y: c.output(node) };
    const e = convEpilogue(node, epilogue, c);
    if (algorithm === "depthwise") {
      const { x: dy, filter, y: dx } = operands;
      return c.emit("f32_dwconv_dx", { dy, filter, dx, ...s, ...e, ...scratchOf(c) });
    }
    // Each phase fills every strideH-th row and strideW-th column of dx, from its own packed filter.
    const filterBytes = dxFilterBytes(s);
    let { filter } = operands;
    conv2dDxPhases(s).forEach(({ shape, rows, cols }, i) => {
      const shift = (rows.start * s.w + cols.start) * s.ic * 4;
      const at = (address: number) => (address === 0 ? 0 : address + shift);
      const strides = { yImage: s.h * s.w * s.ic, yRow: s.strideH * s.w * s.ic, yCol: s.strideW * s.ic };
      const shifted = { ...e, residual: at(e.residual), source: at(e.source) };
      emitDirect(shape, { x: operands.x, filter, y: at(operands.y) }, strides, shifted, c);
      filter += filterBytes[i];
    });
  },
  conv2dDw: (node, c) => {
    const { algorithm, ...convolution } = node.attributes;
    const x = c.shape(node, 1);
    const s = convShape(convolution, x[0], image(x));
    const operands = { dy: c.input(node, 0), x: c.input(node, 1), dw: c.output(node) };
    if (algorithm === "depthwise") return c.emit("f32_dwconv_dw", { ...operands, ...s });
    if (algorithm === "winograd") {
      const blocks = { block: winogradDwBlock(s), chunks: winogradDwChunks(s), partial: c.at.workspace };
      return c.emit("f32_conv2d_winograd_f4x3_dw", { ...operands, ...s, ...blocks, ...scratchOf(c) });
    }
    c.emit("f32_conv2d_dw", { ...operands, ...s, band: conv2dBand(s.oh), ...scratchOf(c) });
  },
  maxPool2dDx: (node, c) => {
    const operands = { dy: c.input(node, 0), x: c.input(node, 1), y: c.input(node, 2), dx: c.output(node) };
    c.emit("f32_max_pool_dx", {
      ...operands,
      ...poolSizes(node.attributes, c.shape(node, 1)),
      ...dilations(node.attributes),
    });
  },
  avgPool2dDx: (node, c) => {
    const { countIncludePad, input } = node.attributes;
    const operands = { dy: c.input(node, 0), dx: c.output(node), countIncludePad: Number(countIncludePad) };
    c.emit("f32_avg_pool_dx", { ...operands, ...poolSizes(node.attributes, [c.shape(node, 0)[0], ...input]) });
  },
  adaptiveAvgPool2dDx: (node, c) => {
    const [batch, oh, ow] = c.shape(node, 0);
    const [h, w, channels] = node.attributes.input;
    c.emit("f32_adaptive_avg_pool_dx", { dy: c.input(node, 0), dx: c.output(node), batch, h, w, c: channels, oh, ow });
  },
  padShortcutDx: (node, c) => {
    const [batch, oh, ow, oc] = c.shape(node, 0);
    const {
      stride,
      front,
      input: [h, w, ic],
    } = node.attributes;
    c.emit("f32_pad_shortcut_dx", {
      dy: c.input(node, 0),
      dx: c.output(node),
      batch,
      h,
      w,
      ic,
      oh,
      ow,
      oc,
      stride,
      front,
    });
  },
  scaleChannelsDw: (node, c) => {
    const [batch, h, w, channels] = c.shape(node, 0);
    c.emit("f32_scale_channels_dw", {
      dy: c.input(node, 0),
      x: c.input(node, 1),
      ds: c.output(node),
      batch,
      pixels: h * w,
      channels,
    });
  },
} satisfies Encoders;
