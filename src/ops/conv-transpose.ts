/** Transposed convolutions: the data gradient of a convolution as a forward op. */
import type { InputGradients, Op } from "../graph/op.js";
import { columnSum } from "./column-sum.js";
import { type Conv2dDx, conv2d, conv2dDx } from "./conv.js";
import { noEpilogue } from "./epilogue.js";

/**
 * The image whose convolution by w would have x's size, with x in the place of a gradient. Inputs: x, w, [bias]. `input` is
 * [h, w, c] of the result; attributes are those of the convolution, whose outputs are the channels of x.
 */
export const convTranspose2d: Op<Conv2dDx> = /* @__PURE__ */ Object.assign({}, conv2dDx, {
  name: "convTranspose2d",
  // y = the transposed convolution of x by w, + b:  dx = conv(dy, w),  dw = correlation of dy with x
  gradient({ node, dy, needs, emit, by }): InputGradients {
    const [x, w] = node.inputs;
    const { algorithm: _, input: __, ...convolution } = node.attributes;
    const ahead = { ...convolution, epilogue: noEpilogue };
    const dx = needs[0] ? emit(conv2d, [dy, w], ahead)[0] : null;
    const dw = needs[1] ? by(conv2d, [dy, w], ahead, x, [false, true])[1] : null;
    const db = needs[2] ? emit(columnSum, [dy], {})[0] : null;
    return node.inputs.length > 2 ? [dx, dw, db] : [dx, dw];
  },
} satisfies Partial<Op<Conv2dDx>>);
