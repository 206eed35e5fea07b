/** The rows of the op table for images, [n, h, w, c]. */
import {
  type Conv2dShape,
  conv2dDwScratch,
  conv2dDxPhases,
  conv2dFilterBytes,
  conv2dScratch,
  convOutputSize,
  dwconvScratch,
  WINOGRAD_FILTER_SCRATCH,
  winogradDwPartial,
  winogradDwScratch,
  winogradDxShape,
  winogradFilterBytes,
  winogradScratch,
} from "../abi/conv.js";
import type { Shape } from "../core/shape.js";
import { type Convolution, epilogueInPlace, type OpName, type OpRule } from "./attributes.js";

/** A convolution of one concrete input, as the arithmetic in `abi/conv.ts` takes it. `image` is [h, w, c]. */
export function convShape(c: Convolution, batch: number, [h, w, ic]: Shape): Conv2dShape {
  const size = (i: 0 | 1, input: number) =>
    convOutputSize(input, c.kernel[i], c.stride[i], c.padding[i], c.dilation[i]);
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

/** Bytes of one packed filter for each phase of a data gradient; one phase for stride 1, four for stride 2. */
export function dxFilterBytes(s: Conv2dShape): number[] {
  return conv2dDxPhases(s).map(({ shape }) => conv2dFilterBytes(s.ic, s.oc, s.groups, shape.kh * shape.kw));
}

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const image = (x: Shape): Shape => x.slice(1);

type Rules<K extends OpName> = { [N in K]: OpRule<N> };

export const IMAGE_OPS: Rules<
  | "conv2d"
  | "conv2dDx"
  | "conv2dDw"
  | "conv2dFilter"
  | "foldBatchNorm"
  | "maxPool2d"
  | "maxPool2dDx"
  | "avgPool2d"
  | "avgPool2dDx"
  | "adaptiveAvgPool2d"
  | "adaptiveAvgPool2dDx"
  | "padShortcut"
  | "padShortcutDx"
  | "scaleChannels"
  | "scaleChannelsDw"
  | "transposeChannels"
> = {
  conv2d: {
    shapes: ([x], c) => {
      const { oh, ow } = convShape(c, x[0], image(x));
      return [[x[0], oh, ow, c.outChannels]];
    },
    inPlace: ({ epilogue }) => epilogueInPlace(epilogue, 2),
    scratch: ([x], { algorithm = "direct", ...c }) => {
      const s = convShape(c, x[0], image(x));
      return { winograd: winogradScratch, direct: conv2dScratch, depthwise: dwconvScratch }[algorithm](s);
    },
  },
  conv2dDx: {
    shapes: ([dy], { input }) => [[dy[0], ...input]],
    inPlace: ({ epilogue }) => epilogueInPlace(epilogue, 2),
    scratch: ([dy], { algorithm, input, ...c }) => {
      const s = convShape(c, dy[0], input);
      if (algorithm === "winograd") return winogradScratch(winogradDxShape(s));
      if (algorithm === "depthwise") return dwconvScratch(s);
      return Math.max(...conv2dDxPhases(s).map(({ shape }) => conv2dScratch(shape)));
    },
  },
  conv2dDw: {
    shapes: ([, x], { outChannels, kernel, groups }) => [[outChannels, ...kernel, x[3] / groups]],
    workspace: ([, x], { algorithm, ...c }) =>
      algorithm === "winograd" ? winogradDwPartial(convShape(c, x[0], image(x))) : 0,
    scratch: ([, x], { algorithm, ...c }) => {
      const s = convShape(c, x[0], image(x));
      return algorithm === "winograd" ? winogradDwScratch(s) : algorithm === "direct" ? conv2dDwScratch(s) : 0;
    },
  },
  conv2dFilter: {
    shapes: (_, { dx, algorithm, input, ...c }) => {
      const s = convShape(c, 1, input);
      const [columns, k] = dx ? [s.ic, s.oc] : [s.oc, s.ic];
      if (algorithm === "winograd") return [[winogradFilterBytes(columns, k) / 4]];
      const bytes = dx ? sum(dxFilterBytes(s)) : conv2dFilterBytes(columns, k, c.groups, c.kernel[0] * c.kernel[1]);
      return [[bytes / 4]];
    },
    scratch: (_, { algorithm }) => (algorithm === "winograd" ? WINOGRAD_FILTER_SCRATCH : 0),
  },
  foldBatchNorm: { shapes: ([w]) => [w, [w[0]]] }, // weights, bias
  maxPool2d: { shapes: ([x], { output }) => [[x[0], ...output, x[3]]] },
  maxPool2dDx: { shapes: ([dy], { input }) => [[dy[0], ...input]] },
  avgPool2d: { shapes: ([x], { output }) => [[x[0], ...output, x[3]]] },
  avgPool2dDx: { shapes: ([dy], { input }) => [[dy[0], ...input]] },
  adaptiveAvgPool2d: { shapes: ([x], { output }) => [[x[0], ...output, x[3]]] },
  adaptiveAvgPool2dDx: { shapes: ([dy], { input }) => [[dy[0], ...input]] },
  padShortcut: {
    shapes: ([[n, h, w, c]], { stride, front, back }) => [
      [n, Math.ceil(h / stride), Math.ceil(w / stride), front + c + back],
    ],
  },
  padShortcutDx: { shapes: ([dy], { input }) => [[dy[0], ...input]] },
  scaleChannels: { shapes: ([x]) => [x], inPlace: () => [0] },
  scaleChannelsDw: { shapes: ([dy]) => [[dy[0], 1, 1, dy[3]]] },
  transposeChannels: {
    shapes: ([x], { toFirst }) => [toFirst ? [x[0], x[3], x[1], x[2]] : [x[0], x[2], x[3], x[1]]],
  },
};
