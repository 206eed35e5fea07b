// Bias, residual, activation and activation gradient after every convolution kernel that has an epilogue.
import { describe, it } from "vitest";
import { type Conv2dShape, conv2dDxPhases, conv2dFilterBytes, conv2dScratch } from "../../src/abi/conv.js";
import { ACTIVATION_GRADIENT, ACTIVATIONS } from "../../src/abi/enums.js";
import {
  winogradDxShape,
  winogradFilterBytes,
  winogradFilterScratch,
  winogradScratch,
} from "../../src/abi/winograd.js";
import { BAR, expectClose, normals } from "../support/kernels/compare.js";
import {
  type ConvEpilogue,
  conv2dDx,
  conv2dDxLayout,
  conv2dDxPack,
  conv2dForward,
  conv2dPack,
  type KernelCall,
  winogradDx,
  winogradForward,
  winogradPack,
} from "../support/kernels/conv-calls.js";
import { runAll, scratchFor, shapeOf } from "../support/kernels/conv-cases.js";
import { dwconvDx, dwconvForward } from "../support/kernels/dwconv-calls.js";
import { Harness, withWide } from "../support/kernels/harness.js";
import { ACTIVATION_NAMES, activations, FROM_OUTPUT } from "../support/reference/activations.js";
import * as reference from "../support/reference/conv.js";
import { finish, rowMajor } from "../support/reference/gemm.js";

/** The calls of one pass: x [input] and filter in memory, output y. */
type Emit = (h: Harness, s: Conv2dShape, x: number, filter: number, y: number, e: ConvEpilogue) => KernelCall[];

const direct: Emit = (h, s, x, filter, y, e) => {
  const packed = h.f32(conv2dFilterBytes(s.oc, s.ic, s.groups, s.kh * s.kw) / 4).ptr;
  return [
    ...conv2dPack(s, filter, packed),
    ...conv2dForward(s, { x, packed, y, ...scratchFor(h, conv2dScratch(s), 1) }, e),
  ];
};

const directDx: Emit = (h, s, dy, filter, dx, e) => {
  const packed = h.f32(conv2dDxLayout(s).bytes / 4).ptr;
  const scratch = scratchFor(h, Math.max(...conv2dDxPhases(s).map(({ shape }) => conv2dScratch(shape))), 1);
  return [...conv2dDxPack(s, filter, packed), ...conv2dDx(s, { dy, packed, dx, ...scratch }, e)];
};

const winograd =
  (dx: boolean): Emit =>
  (h, s, x, filter, y, e) => {
    const shape = dx ? winogradDxShape(s) : s;
    const transformed = h.f32(winogradFilterBytes(shape.oc, shape.ic) / 4).ptr;
    const pack = winogradPack(s, { filter, transformed, dx, ...scratchFor(h, winogradFilterScratch(), 1) });
    const scratch = scratchFor(h, winogradScratch(shape), 1);
    return [
      ...pack,
      ...(dx
        ? winogradDx(s, { dy: x, transformed, dx: y, ...scratch }, e)
        : winogradForward(s, { x, transformed, y, ...scratch }, e)),
    ];
  };

const depthwise: Emit = (h, s, x, filter, y, e) => dwconvForward(h, s, { x, filter, y, threads: 1 }, e);
const depthwiseDx: Emit = (h, s, dy, filter, dx, e) => dwconvDx(h, s, { dy, filter, dx, threads: 1 }, e);

const kernels: [name: string, s: Conv2dShape, dx: boolean, emit: Emit][] = [
  ["f32_conv2d", shapeOf(2, 7, 6, 5, 13, [3, 1, 1, 1]), false, direct],
  ["f32_conv2d, groups", shapeOf(1, 7, 6, 8, 24, [3, 2, 1, 1], 2), false, direct],
  ["f32_conv2d, data gradient in phases", shapeOf(2, 9, 8, 11, 6, [3, 2, 1, 1]), true, directDx],
  ["f32_conv2d, data gradient with empty phases", shapeOf(1, 6, 7, 8, 4, [1, 2, 0, 1]), true, directDx],
  ["f32_conv2d_winograd_f4x3", shapeOf(2, 7, 9, 8, 12, [3, 1, 1, 1]), false, winograd(false)],
  ["f32_conv2d_winograd_f4x3, data gradient", shapeOf(1, 9, 8, 16, 8, [3, 1, 1, 1]), true, winograd(true)],
  ["f32_dwconv", shapeOf(2, 6, 7, 22, 22, [3, 1, 1, 1], 22), false, depthwise],
  ["f32_dwconv, data gradient in phases", shapeOf(1, 7, 6, 13, 13, [3, 2, 1, 1], 13), true, depthwiseDx],
];

describe.each(withWide)("convolution epilogues (%s)", (variant) => {
  const harness = Harness.create(variant);

  it.each(kernels)("%s", (_, s, dx, emit) => {
    const [pixelsIn, pixelsOut] = [s.batch * s.h * s.w, s.batch * s.oh * s.ow];
    const x = normals(dx ? pixelsOut * s.oc : pixelsIn * s.ic, 1);
    const filter = normals((s.oc * s.kh * s.kw * s.ic) / s.groups, 2);
    const [rows, cols] = dx ? [pixelsIn, s.ic] : [pixelsOut, s.oc];
    const sums = rowMajor((dx ? reference.conv2dDx : reference.conv2d)(s, x, filter), rows, cols);
    const largest = (sums.data as Float64Array).reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const bias = normals(cols, 3);
    const residual = normals(rows * cols, 4);
    const input = normals(rows * cols, 5, 2);

    for (const [i, activation] of ACTIVATION_NAMES.entries()) {
      const param = activation === "elu" || activation === "softplus" ? 1.3 : 0.2;
      const source = FROM_OUTPUT.includes(activation) ? input.map((v) => activations[activation].y(v, param)) : input;
      for (const derivative of [false, true]) {
        harness.reset();
        // In turns: bias or not, residual apart, in place or absent.
        const [withBias, use] = [i % 2 === 0, (["apart", "in place", "none"] as const)[(i + Number(derivative)) % 3]];
        const y = use === "in place" ? harness.f32(residual) : harness.f32(rows * cols);
        const epilogue = {
          bias: withBias ? harness.f32(bias).ptr : 0,
          residual: use === "none" ? 0 : use === "apart" ? harness.f32(residual).ptr : y.ptr,
          activation: ACTIVATIONS[activation] + (derivative ? ACTIVATION_GRADIENT : 0),
          param,
          source: derivative ? harness.f32(source).ptr : 0,
        };
        runAll(harness, emit(harness, s, harness.f32(x).ptr, harness.f32(filter).ptr, y.ptr, epilogue));
        harness.checkBands();
        const expected = finish(sums, {
          bias: withBias ? bias : undefined,
          residual: use === "none" ? undefined : rowMajor(residual, rows, cols),
          activation,
          param,
          derivativeAt: derivative ? rowMajor(input, rows, cols) : undefined,
        });
        // Errors are those of the sums, whatever range an activation squeezes them into.
        expectClose(y.read(), expected, BAR, largest);
      }
    }
  });
});
