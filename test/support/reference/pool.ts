// Pooling and the padded shortcut, forward and backward, in float64, following PyTorch's native kernels.
type Numbers = ArrayLike<number>;

export interface PoolShape {
  batch: number;
  h: number;
  w: number;
  c: number;
  oh: number;
  ow: number;
  kh: number;
  kw: number;
  strideH: number;
  strideW: number;
  padTop: number;
  padLeft: number;
}

export type DilatedPoolShape = PoolShape & { dilationH: number; dilationW: number };
export type AvgPoolShape = DilatedPoolShape & { padBottom: number; padRight: number };

/** Calls `visit` for each output with its index and the indices of the inputs of its window, row by row. */
function windows(s: DilatedPoolShape, visit: (out: number, inputs: number[]) => void): void {
  for (let n = 0; n < s.batch; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let c = 0; c < s.c; c++) {
          const inputs: number[] = [];
          for (let ky = 0; ky < s.kh; ky++)
            for (let kx = 0; kx < s.kw; kx++) {
              const iy = i * s.strideH - s.padTop + ky * s.dilationH;
              const ix = j * s.strideW - s.padLeft + kx * s.dilationW;
              if (iy >= 0 && iy < s.h && ix >= 0 && ix < s.w) inputs.push(((n * s.h + iy) * s.w + ix) * s.c + c);
            }
          visit(((n * s.oh + i) * s.ow + j) * s.c + c, inputs);
        }
}

/** PyTorch's scan: a later element wins when it is greater, or NaN. */
function argmax(x: Numbers, inputs: number[]): number {
  let best = inputs[0];
  for (const at of inputs) if (x[at] > x[best] || Number.isNaN(x[at])) best = at;
  return best;
}

export function maxPool(s: DilatedPoolShape, x: Numbers): Float64Array {
  const y = new Float64Array(s.batch * s.oh * s.ow * s.c);
  windows(s, (out, inputs) => {
    y[out] = inputs.length === 0 ? -Infinity : x[argmax(x, inputs)];
  });
  return y;
}

export function maxPoolDx(s: DilatedPoolShape, dy: Numbers, x: Numbers): Float64Array {
  const dx = new Float64Array(s.batch * s.h * s.w * s.c);
  windows(s, (out, inputs) => {
    if (inputs.length > 0) dx[argmax(x, inputs)] += dy[out];
  });
  return dx;
}

/** What a sum over the window of output (i, j) is divided by: the taps in the image, or in the padded image. */
function divisor(s: AvgPoolShape, countIncludePad: boolean, i: number, j: number): number {
  const taps = (kernel: number, start: number, dilation: number, size: number, after: number) => {
    const all = Array.from({ length: kernel }, (_, tap) => start + tap * dilation);
    return all.filter((at) => (countIncludePad ? at < size + after : at >= 0 && at < size)).length;
  };
  const [top, left] = [i * s.strideH - s.padTop, j * s.strideW - s.padLeft];
  return taps(s.kh, top, s.dilationH, s.h, s.padBottom) * taps(s.kw, left, s.dilationW, s.w, s.padRight);
}

/** The average over the window of each output, and its adjoint; an empty window gives 0. */
export function avgPool(s: AvgPoolShape, countIncludePad: boolean, x: Numbers): Float64Array {
  const y = new Float64Array(s.batch * s.oh * s.ow * s.c);
  windows(s, (out, inputs) => {
    const pixel = Math.floor(out / s.c) % (s.oh * s.ow);
    const by = divisor(s, countIncludePad, Math.floor(pixel / s.ow), pixel % s.ow);
    y[out] = inputs.length === 0 ? 0 : inputs.reduce((sum, at) => sum + x[at], 0) / by;
  });
  return y;
}

export function avgPoolDx(s: AvgPoolShape, countIncludePad: boolean, dy: Numbers): Float64Array {
  const dx = new Float64Array(s.batch * s.h * s.w * s.c);
  windows(s, (out, inputs) => {
    const pixel = Math.floor(out / s.c) % (s.oh * s.ow);
    const by = divisor(s, countIncludePad, Math.floor(pixel / s.ow), pixel % s.ow);
    for (const at of inputs) dx[at] += dy[out] / by;
  });
  return dx;
}

export type AdaptiveShape = Pick<PoolShape, "batch" | "h" | "w" | "c" | "oh" | "ow">;

/** Bin o of `out` over `size` inputs: [floor(o * size / out), ceil((o + 1) * size / out)). */
function bins(s: AdaptiveShape, visit: (out: number, inputs: number[]) => void): void {
  const range = (o: number, size: number, out: number) => {
    const begin = Math.floor((o * size) / out);
    return Array.from({ length: Math.ceil(((o + 1) * size) / out) - begin }, (_, i) => begin + i);
  };
  for (let n = 0; n < s.batch; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let c = 0; c < s.c; c++) {
          const columns = range(j, s.w, s.ow);
          const inputs = range(i, s.h, s.oh).flatMap((y) => columns.map((x) => ((n * s.h + y) * s.w + x) * s.c + c));
          visit(((n * s.oh + i) * s.ow + j) * s.c + c, inputs);
        }
}

export function adaptiveAvgPool(s: AdaptiveShape, x: Numbers): Float64Array {
  const y = new Float64Array(s.batch * s.oh * s.ow * s.c);
  bins(s, (out, inputs) => {
    y[out] = inputs.reduce((sum, at) => sum + x[at], 0) / inputs.length;
  });
  return y;
}

export function adaptiveAvgPoolDx(s: AdaptiveShape, dy: Numbers): Float64Array {
  const dx = new Float64Array(s.batch * s.h * s.w * s.c);
  bins(s, (out, inputs) => {
    for (const at of inputs) dx[at] += dy[out] / inputs.length;
  });
  return dx;
}

/** Option A: pairs of indices of x and y that are equal; all other elements of y are 0. */
export function shortcutPairs(
  s: { batch: number; h: number; w: number; ic: number; oh: number; ow: number; oc: number; stride: number },
  front: number,
): [number, number][] {
  const pairs: [number, number][] = [];
  for (let n = 0; n < s.batch; n++)
    for (let i = 0; i < s.oh; i++)
      for (let j = 0; j < s.ow; j++)
        for (let c = 0; c < s.ic; c++)
          pairs.push([
            ((n * s.h + i * s.stride) * s.w + j * s.stride) * s.ic + c,
            ((n * s.oh + i) * s.ow + j) * s.oc + front + c,
          ]);
  return pairs;
}
