/** The encoders of the gradients of the ops on images, [n, h, w, c]. */
import { conv2dBand, conv2dDxPhases, winogradDwBlock, winogradDwChunks, winogradDxShape } from "../abi/conv.js";
import { convShape, dxFilterBytes } from "../graph/image-ops.js";
import { epilogueCode, withEpilogue } from "./context.js";
import type { Encoders } from "./encode.js";
import { dilations, emitDirect, emitWinograd, image, poolSizes } from "./encode-image.js";

export const IMAGE_GRADIENT_ENCODERS = {
  conv2dDx: (node, c) => {
    const { epilogue, algorithm, input, ...convolution } = node.attributes;
    const s = convShape(convolution, c.shape(node, 0)[0], input);
    if (algorithm === "winograd") return emitWinograd(node, winogradDxShape(s), c);
    if (algorithm === "depthwise")
      return c.emit("f32_dwconv_dx", node, withEpilogue("dy filter", epilogue), "dx", {
        ...s,
        ...epilogueCode(epilogue),
      });
    // Each phase fills every strideH-th row and strideW-th column of dx, from its own packed filter.
    const filterBytes = dxFilterBytes(s);
    const strides = { yImage: s.h * s.w * s.ic, yRow: s.strideH * s.w * s.ic, yCol: s.strideW * s.ic };
    const names = withEpilogue("x filter", epilogue).split(" ");
    let filter = c.input(node, 1);
    conv2dDxPhases(s).forEach(({ shape, rows, cols }, i) => {
      const shift = (rows.start * s.w + cols.start) * s.ic * 4;
      const at = (name: string) => (names.includes(name) ? c.input(node, names.indexOf(name)) + shift : 0);
      const moved = { filter, y: c.output(node) + shift, residual: at("residual"), source: at("source") };
      emitDirect(node, shape, strides, c, moved);
      filter += filterBytes[i];
    });
  },
  conv2dDw: (node, c) => {
    const { algorithm, ...convolution } = node.attributes;
    const x = c.shape(node, 1);
    const s = convShape(convolution, x[0], image(x));
    if (algorithm === "depthwise") c.emit("f32_dwconv_dw", node, "dy x", "dw", s);
    else if (algorithm === "winograd") {
      const blocks = { block: winogradDwBlock(s), chunks: winogradDwChunks(s) };
      c.emit("f32_conv2d_winograd_f4x3_dw", node, "dy x", "dw", { ...s, ...blocks });
    } else c.emit("f32_conv2d_dw", node, "dy x", "dw", { ...s, band: conv2dBand(s.oh) });
  },
  maxPool2dDx: (node, c) => {
    const sizes = { ...poolSizes(node.attributes, c.shape(node, 1)), ...dilations(node.attributes) };
    c.emit("f32_max_pool_dx", node, "dy x y", "dx", sizes);
  },
  avgPool2dDx: (node, c) => {
    const x = [c.shape(node, 0)[0], ...node.attributes.input];
    c.emit("f32_avg_pool_dx", node, "dy", "dx", poolSizes(node.attributes, x));
  },
  adaptiveAvgPool2dDx: (node, c) => {
    const [, oh, ow] = c.shape(node, 0);
    const [h, w, channels] = node.attributes.input;
    c.emit("f32_adaptive_avg_pool_dx", node, "dy", "dx", { h, w, c: channels, oh, ow });
  },
  padShortcutDx: (node, c) => {
    const [, oh, ow, oc] = c.shape(node, 0);
    const [h, w, ic] = node.attributes.input;
    c.emit("f32_pad_shortcut_dx", node, "dy", "dx", { h, w, ic, oh, ow, oc });
  },
  scaleChannelsDw: (node, c) => {
    const [, h, w] = c.shape(node, 0);
    c.emit("f32_scale_channels_dw", node, "dy x", "ds", { pixels: h * w });
  },
} satisfies Encoders;
