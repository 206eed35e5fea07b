/** Products of integers, and what stands between them and float32. Activations are u7, x = scale (q - zero) with q from 0 to 127. */
import type { Conv2dShape } from "../abi/conv.js";
import { FORMS, int8FilterBytes, int8FilterSizes, int8Scratch, int8Sizes, MOST } from "../abi/int8.js";
import { imagesLike, last, numel, rows, type Shape } from "../core/shape.js";
import type { Context } from "../graph/context.js";
import type { Node, Op } from "../graph/op.js";
import { type Convolution, shapeOf } from "./conv.js";
import { maxPool2d, type Pool, poolSizesOf } from "./pool.js";

/** What a byte q means: scale * (q - zero). Both are float32. */
export interface Units {
  scale: number;
  zero: number;
}

/** Activations that are a largest and a smallest result. */
export type Clamp = "none" | "relu" | "relu6";

export interface IntegerProduct {
  /** Null: a matrix product over the last dimension. */
  convolution: Convolution | null;
  outChannels: number;
  input: Units;
  /** Null: results are float32. */
  output: Units | null;
  /** What is added before the activation; null: float32. Without: nothing. */
  residual?: Units | null | undefined;
  clamp: Clamp;
}

/** A product as the convolution that it is: of a matrix, 1x1 over one image of one row. */
function sizesOf({ convolution, outChannels }: IntegerProduct, x: Shape): Conv2dShape {
  if (convolution) return shapeOf(convolution, x);
  const [w, ic] = [rows(x), last(x)];
  const one = { kh: 1, kw: 1, strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, padTop: 0, padLeft: 0, groups: 1 };
  return { batch: 1, h: 1, w, ic, oh: 1, ow: w, oc: outChannels, ...one };
}

const outputShape = (p: IntegerProduct, x: Shape): Shape => {
  if (!p.convolution) return [...x.slice(0, -1), p.outChannels];
  const { oh, ow, oc } = shapeOf(p.convolution, x);
  return imagesLike(x, [oh, ow, oc]);
};

/** The scale of one of a value's steps, and of float32. */
const stepOf = (units: Units | null): number => units?.scale ?? 1;

/** What follows the sums, as records have it. */
function epilogueOf({ output, residual, clamp }: IntegerProduct) {
  const zero = output?.zero ?? 0;
  const [least, most] = output ? [0, MOST] : [-Infinity, Infinity];
  return {
    form: output ? FORMS.bytes : FORMS.floats,
    residualForm: residual ? FORMS.bytes : FORMS.floats,
    factor: residual === undefined ? 0 : stepOf(residual) / stepOf(output),
    low: clamp === "none" ? least : zero,
    high: clamp === "relu6" ? Math.min(most, 6 / stepOf(output) + zero) : most,
  };
}

const product = (name: string, form: "f32" | "u8"): Op<IntegerProduct> => ({
  name,
  dtypes: [form],
  shapes: ([x], p) => [outputShape(p, x)],
  macs: ([x], [y], p) => numel(y) * perOutput(p, x),
  scratch: ([x], p) => int8Scratch(sizesOf(p, x)),
  encode: encodeProduct,
});

function perOutput(p: IntegerProduct, x: Shape): number {
  const { kh, kw, ic } = sizesOf(p, x);
  return kh * kw * ic;
}

function encodeProduct(node: Node<IntegerProduct>, c: Context): void {
  const s = sizesOf(node.attributes, c.shape(node, 0));
  const inputs = node.inputs.length > 2 ? "x filter residual" : "x filter";
  const rest = { residual: 0, ...s, ...int8Sizes(s), ...epilogueOf(node.attributes), zero: node.attributes.input.zero };
  if (inputs === "x filter") c.emit("s8_conv2d", node, inputs, "y", rest);
  else c.emit("s8_conv2d", node, inputs, "y", { ...rest, residual: c.input(node, 2) });
}

/** y = clamp(x w + bias + residual) of u7 x and packed s8 w. Inputs: x, filter, [residual]. */
const toBytes = product("int8Product", "u8");
const toFloats = product("int8ProductToFloat", "f32");

/** The op that gives what a product's `output` says. */
export const integerProduct = ({ output }: IntegerProduct): Op<IntegerProduct> => (output ? toBytes : toFloats);

/** The weights of a product in the form that it reads, with all that follows the sums. Inputs: weights OHWI, scales, bias. */
export const integerFilter: Op<IntegerProduct & { x: Shape }> = {
  name: "int8Filter",
  isPacking: true,
  dtypes: ["u8"],
  shapes: (_, { x, ...p }) => [[int8FilterBytes(sizesOf(p, x))]],
  encode(node, c) {
    const { x, ...p } = node.attributes;
    const s = sizesOf(p, x);
    const { factor } = epilogueOf(p);
    c.emit("s8_conv2d_pack", node, "filter scales bias", "packed", {
      ...{ ...int8FilterSizes(s), oc: s.oc, xScale: p.input.scale, xZero: p.input.zero, yScale: stepOf(p.output) },
      shift: (p.output?.zero ?? 0) - (p.residual?.zero ?? 0) * factor,
    });
  },
};

/** q = round(x / scale + zero), at least 0 and at most 127. */
export const quantizeBytes: Op<Units> = {
  name: "quantize",
  dtypes: ["u8"],
  shapes: ([x]) => [x],
  encode: (node, c) => c.emit("u8_quantize", node, "x", "y", { inverse: 1 / node.attributes.scale }),
};

/** x = scale (q - zero). */
export const dequantizeBytes: Op<Units> = {
  name: "dequantize",
  shapes: ([x]) => [x],
  encode: (node, c) => c.emit("u8_dequantize", node, "x", "y"),
};

/** The largest byte of each window. */
export const maxPoolBytes: Op<Pool> = {
  ...{ name: "maxPoolBytes", dtypes: ["u8"], shapes: maxPool2d.shapes, reads: maxPool2d.reads },
  encode: (node, c) => c.emit("u8_max_pool", node, "x", "y", poolSizesOf(node.attributes, c.shape(node, 0))),
};
