/** Convolutions of images [n, h, w, c], or of signals [n, length, c], with filters OHWI. The arithmetic of their buffers is that of `abi/conv.ts`. */
import {
  type Conv2dShape,
  conv2dDwScratch,
  conv2dDwSizes,
  conv2dDxPhases,
  conv2dFilterBytes,
  conv2dScratch,
  conv2dSizes,
  convOutputSize,
  dwconvFilterBytes,
  dwconvScratch,
  dwconvSizes,
  isDepthwise,
} from "../abi/conv.js";
import type { KernelArguments } from "../abi/records.js";
import {
  winogradDwPartial,
  winogradDwPays,
  winogradDwScratch,
  winogradDwSizes,
  winogradDxShape,
  winogradFilterBytes,
  winogradFilterScratch,
  winogradFilterSizes,
  winogradLegal,
  winogradScratch,
  winogradSizes,
} from "../abi/winograd.js";
import { type ImageShape, imageOf, imagesLike, last, numel, type Pair, type Shape } from "../core/shape.js";
import type { Context } from "../graph/context.js";
import type { Gradient, Node, Op, Selection } from "../graph/op.js";
import { FLOAT } from "../graph/value.js";
import { columnSum } from "./column-sum.js";
import {
  absorbIntoEpilogue,
  type Epilogue,
  epilogueCode,
  epilogueInPlace,
  noEpilogue,
  withEpilogue,
} from "./epilogue.js";

/** Pairs are [vertical, horizontal]. */
export interface Convolution {
  outChannels: number;
  kernel: Pair;
  stride: Pair;
  /** Zeros before the image. */
  padding: Pair;
  /** Zeros after it, where they are not as many as before. */
  after?: Pair | undefined;
  dilation: Pair;
  groups: number;
  /** Without Winograd, whose rounding is some four times that of the plain sums. */
  isExact?: boolean | undefined;
}

/** `direct`: implicit GEMM; `winograd`: F(4x4, 3x3); `depthwise`: one filter a channel. */
export type ConvAlgorithm = "direct" | "winograd" | "depthwise";

/** A convolution of one concrete input: all the sizes that any kernel is given, by their names. */
function convShape(c: Convolution, batch: number, [h, w, ic]: ImageShape): Conv2dShape {
  const size = (i: 0 | 1, input: number) =>
    convOutputSize(input, c.kernel[i], c.stride[i], c.padding[i], c.dilation[i], c.after?.[i]);
  return {
    batch,
    h,
    w,
    ic,
    oh: size(0, h),
    ow: size(1, w),
    oc: c.outChannels,
    kh: c.kernel[0],
    kw: c.kernel[1],
    strideH: c.stride[0],
    strideW: c.stride[1],
    dilationH: c.dilation[0],
    dilationW: c.dilation[1],
    padTop: c.padding[0],
    padLeft: c.padding[1],
    groups: c.groups,
  };
}

/** The sizes of a convolution of x. */
export const shapeOf = (c: Convolution, x: Shape): Conv2dShape => convShape(c, x[0], imageOf(x));

/** Images smaller than one tile of Winograd's outputs waste most of it. */
const WINOGRAD_TILE = 4;

function chooseAlgorithm(s: Conv2dShape, { isExact }: Convolution, prefer: Selection["prefer"]): ConvAlgorithm {
  if (isDepthwise(s)) return "depthwise";
  const large = s.oh >= WINOGRAD_TILE && s.ow >= WINOGRAD_TILE;
  return prefer === "speed" && !isExact && large && winogradLegal(s) ? "winograd" : "direct";
}

export type Conv2d = Convolution & { epilogue: Epilogue; algorithm?: ConvAlgorithm };

/** Products for one element from `channels` channels. */
const taps = ({ kernel, groups }: Convolution, channels: number): number => (kernel[0] * kernel[1] * channels) / groups;

/** y = conv(x, w), and an epilogue. Inputs: x, w, [bias], [residual], [source]. */
export const conv2d: Op<Conv2d> = {
  name: "conv2d",
  isProduct: true,
  shapes([x], c) {
    const { oh, ow } = shapeOf(c, x);
    return [imagesLike(x, [oh, ow, c.outChannels])];
  },
  macs: ([x], [y], c) => numel(y) * taps(c, last(x)),
  inPlace: epilogueInPlace,
  absorb: absorbIntoEpilogue,
  scratch([x], { algorithm = "direct", ...c }) {
    const s = shapeOf(c, x);
    return { winograd: winogradScratch, direct: conv2dScratch, depthwise: dwconvScratch }[algorithm](s);
  },
  select(node, selection) {
    const x = selection.shape(node.inputs[0]);
    return selectFilter(node, { dx: false, batch: x[0], input: imageOf(x) }, selection);
  },
  encode(node, c) {
    const { algorithm } = node.attributes;
    const s = shapeOf(node.attributes, c.shape(node, 0));
    if (algorithm === "winograd") encodeWinograd(node, s, c);
    else encodeInPlace(node, s, { yImage: s.oh * s.ow * s.oc, yRow: s.ow * s.oc, yCol: s.oc, descending: 0 }, c);
  },
};

/** Chooses a convolution's algorithm and puts its weights into the form which that reads. */
function selectFilter<A extends Conv2d>(
  node: Node<A>,
  { dx, batch, input }: { dx: boolean; batch: number; input: ImageShape },
  { prefer, once }: Selection,
): Node<A> {
  const [image, w, ...operands] = node.inputs;
  const { outChannels, kernel, stride, padding, after, dilation, groups } = node.attributes;
  const convolution = { outChannels, kernel, stride, padding, after, dilation, groups };
  const algorithm = chooseAlgorithm(convShape(convolution, batch, input), node.attributes, prefer);
  const attributes = { ...node.attributes, algorithm };
  const filter = once(conv2dFilter, w, { ...convolution, input, dx, algorithm }, node);
  return { ...node, inputs: [image, filter, ...operands], attributes };
}

function encodeWinograd(node: Node<Conv2d>, s: Conv2dShape, c: Context): void {
  const { epilogue } = node.attributes;
  const rest = { ...s, ...winogradSizes(s), ...epilogueCode(epilogue) };
  c.emit("f32_conv2d_winograd_f4x3", node, withEpilogue("x filter", epilogue), "y", rest);
}

/** The direct or the depthwise kernel writing y at these strides, in numbers; `moved` are operands it finds elsewhere. */
function encodeInPlace(
  node: Node<Conv2d>,
  s: Conv2dShape,
  strides: Pick<KernelArguments<"f32_dwconv">, "yImage" | "yRow" | "yCol" | "descending">,
  c: Context,
  moved?: Partial<KernelArguments<"f32_conv2d">>,
): void {
  const { epilogue, algorithm } = node.attributes;
  const inputs = withEpilogue("x filter", epilogue);
  const rest = { ...s, ...strides, ...epilogueCode(epilogue), ...moved };
  if (algorithm === "depthwise") c.emit("f32_dwconv", node, inputs, "y", { ...rest, ...dwconvSizes(s) });
  else c.emit("f32_conv2d", node, inputs, "y", { ...rest, ...conv2dSizes(s) });
}

// y = conv(x, w) + b:  dx = the transposed convolution of dy with w,  dw = correlation of x with dy
const conv2dGradient: Gradient<Conv2d> = {
  of: conv2d,
  rule({ node, dy, needs, shape, emit }) {
    const [x, w] = node.inputs;
    const { epilogue: _, algorithm: __, ...convolution } = node.attributes;
    const input = imageOf(shape(x));
    const dx = needs[0] ? emit(conv2dDx, [dy, w], { ...convolution, input, epilogue: noEpilogue })[0] : null;
    const dw = needs[1] ? emit(conv2dDw, [dy, x], convolution)[0] : null;
    const db = needs[2] ? emit(columnSum, [dy], {})[0] : null;
    return node.inputs.length > 2 ? [dx, dw, db] : [dx, dw];
  },
};

/** Bytes of one packed filter for each phase of a data gradient; one phase for stride 1, four for stride 2. */
function dxFilterBytes(s: Conv2dShape): number[] {
  return conv2dDxPhases(s).map(({ shape: { kh, kw } }) =>
    isDepthwise(s) ? dwconvFilterBytes(s.ic, kh * kw) : conv2dFilterBytes(s.ic, s.oc, s.groups, kh * kw),
  );
}

/** `input`: [h, w, c] of the forward op's input. */
export type Conv2dDx = Conv2d & { input: ImageShape };

/** Inputs: dy, w, and those of the epilogue. */
export const conv2dDx: Op<Conv2dDx> = {
  name: "conv2dDx",
  shapes: ([dy], { input }) => [imagesLike(dy, input)],
  macs: ([dy], [dx], c) => numel(dy) * taps(c, last(dx)),
  inPlace: epilogueInPlace,
  absorb: absorbIntoEpilogue,
  scratch([dy], { algorithm, input, ...c }) {
    const s = convShape(c, dy[0], input);
    if (algorithm === "winograd") return winogradScratch(winogradDxShape(s));
    const scratch = algorithm === "depthwise" ? dwconvScratch : conv2dScratch;
    return Math.max(...conv2dDxPhases(s).map(({ shape }) => scratch(shape)));
  },
  select(node, selection) {
    const [batch] = selection.shape(node.inputs[0]);
    return selectFilter(node, { dx: true, batch, input: node.attributes.input }, selection);
  },
  encode(node, c) {
    const { epilogue, algorithm, input, ...convolution } = node.attributes;
    const s = convShape(convolution, c.shape(node, 0)[0], input);
    if (algorithm === "winograd") return encodeWinograd(node, winogradDxShape(s), c);
    // Each phase fills every strideH-th row and strideW-th column of dx, from its own packed filter.
    const filterBytes = dxFilterBytes(s);
    const yRow = s.strideH * s.w * s.ic;
    const strides = { yImage: s.h * s.w * s.ic, yRow, yCol: s.strideW * s.ic, descending: 1 };
    const names = withEpilogue("x filter", epilogue).split(" ");
    let filter = c.input(node, 1);
    conv2dDxPhases(s).forEach(({ shape, rows, cols }, i) => {
      const shift = (rows.start * s.w + cols.start) * s.ic * FLOAT;
      const at = (name: string) => (names.includes(name) ? c.input(node, names.indexOf(name)) + shift : 0);
      const moved = { filter, y: c.output(node) + shift, residual: at("residual"), source: at("source") };
      encodeInPlace(node, shape, strides, c, moved);
      filter += filterBytes[i];
    });
  },
};

/** Inputs: dy, x. */
const conv2dDw: Op<Convolution & { algorithm?: ConvAlgorithm }> = {
  name: "conv2dDw",
  shapes([, x], { outChannels, kernel: [kh, kw], groups }) {
    const [, ...filter] = imagesLike(x, [kh, kw, last(x) / groups]);
    return [[outChannels, ...filter]];
  },
  macs: ([dy], [[, ...kernelAndChannels]]) => numel(dy) * numel(kernelAndChannels),
  workspace: ([, x], { algorithm, ...c }) => (algorithm === "winograd" ? winogradDwPartial(shapeOf(c, x)) : 0),
  scratch([, x], { algorithm = "direct", ...c }) {
    const s = shapeOf(c, x);
    return { winograd: winogradDwScratch, direct: conv2dDwScratch, depthwise: dwconvScratch }[algorithm](s);
  },
  select(node, { prefer, shape }) {
    const s = shapeOf(node.attributes, shape(node.inputs[1]));
    const choice = chooseAlgorithm(s, node.attributes, prefer);
    const algorithm = choice === "winograd" && !winogradDwPays(s) ? "direct" : choice;
    return { ...node, attributes: { ...node.attributes, algorithm } };
  },
  encode(node, c) {
    const { algorithm } = node.attributes;
    const s = shapeOf(node.attributes, c.shape(node, 1));
    if (algorithm === "depthwise") c.emit("f32_dwconv_dw", node, "dy x", "dw", { ...s, ...dwconvSizes(s) });
    else if (algorithm === "winograd") {
      c.emit("f32_conv2d_winograd_f4x3_dw", node, "dy x", "dw", { ...s, ...winogradDwSizes(s) });
    } else c.emit("f32_conv2d_dw", node, "dy x", "dw", { ...s, ...conv2dDwSizes(s) });
  },
};

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

/** Weights in the form in which `conv2d` or, with `dx`, `conv2dDx` reads them by an algorithm: bytes of the kernels' own. */
const conv2dFilter: Op<Convolution & { input: ImageShape; dx: boolean; algorithm: ConvAlgorithm }> = {
  name: "conv2dFilter",
  isPacking: true,
  dtypes: ["u8"],
  shapes(_, { dx, algorithm, input, ...c }) {
    const s = convShape(c, 1, input);
    const [columns, k] = dx ? [s.ic, s.oc] : [s.oc, s.ic];
    if (algorithm === "winograd") return [[winogradFilterBytes(columns, k)]];
    if (algorithm === "depthwise" && !dx) return [[dwconvFilterBytes(s.ic, s.kh * s.kw)]];
    return [[dx ? sum(dxFilterBytes(s)) : conv2dFilterBytes(columns, k, c.groups, c.kernel[0] * c.kernel[1])]];
  },
  scratch: (_, { algorithm }) => (algorithm === "winograd" ? winogradFilterScratch() : 0),
  encode(node, c) {
    const { dx, algorithm, input, ...convolution } = node.attributes;
    const s = convShape(convolution, 1, input);
    const flag = { dx: Number(dx) };
    if (algorithm === "winograd")
      return c.emit("f32_winograd_f4x3_filter", node, "filter", "transformed", {
        ...s,
        ...winogradFilterSizes(s, dx),
        ...flag,
      });
    const whole = { firstH: 0, stepH: 1, tapsH: s.kh, firstW: 0, stepW: 1, tapsW: s.kw };
    const kernel = algorithm === "depthwise" ? "f32_dwconv_pack" : "f32_conv2d_pack";
    if (!dx) return c.emit(kernel, node, "filter", "packed", { ...s, ...flag, ...whole });
    const filterBytes = dxFilterBytes(s);
    let packed = c.output(node);
    conv2dDxPhases(s).forEach(({ shape, rows, cols }, i) => {
      const vertical = { firstH: rows.first, stepH: rows.step, tapsH: rows.taps };
      const horizontal = { firstW: cols.first, stepW: cols.step, tapsW: cols.taps };
      const rest = { ...s, ...flag, packed, ...vertical, ...horizontal };
      if (shape.kh > 0) c.emit(kernel, node, "filter", "packed", rest);
      packed += filterBytes[i];
    });
  },
};

export const convGradients = [conv2dGradient];
