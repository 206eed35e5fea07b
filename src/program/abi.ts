/**
 * The contract between the program encoder and the kernels in `assembly/`: the name of every kernel and of its
 * arguments, in the order in which they stand in a record.
 *
 * A record is a run of 32-bit words: [kernel index, words in the record, argument 0, argument 1, …]. Pointers are byte
 * addresses in linear memory; 0 stands for "absent" where an argument is optional. `test/architecture.test.ts`
 * holds this table against `assembly/abi.ts` and against the argument reads in each kernel.
 */
export type ArgumentType = "ptr" | "i32" | "f32";

const epilogue = { bias: "ptr", residual: "ptr", ldr: "i32", activation: "i32", param: "f32", source: "ptr", lds: "i32" } as const;

export const KERNELS = {
  // gemm/
  f32_pack_b: { src: "ptr", dst: "ptr", k: "i32", n: "i32", ld: "i32", transposed: "i32" },
  f32_gemm: { a: "ptr", lda: "i32", aTransposed: "i32", b: "ptr", c: "ptr", ldc: "i32", m: "i32", n: "i32", k: "i32", ...epilogue, scratch: "ptr", scratchStride: "i32" },
  f32_gemv: { w: "ptr", ldw: "i32", x: "ptr", ldx: "i32", y: "ptr", ldy: "i32", m: "i32", n: "i32", k: "i32", ...epilogue, scratch: "ptr", scratchStride: "i32" },
  // elementwise/
  f32_activation: { x: "ptr", y: "ptr", n: "i32", activation: "i32", param: "f32" },
  f32_activation_dx: { dy: "ptr", source: "ptr", dx: "ptr", n: "i32", activation: "i32", param: "f32" },
  f32_add: { a: "ptr", b: "ptr", y: "ptr", n: "i32", activation: "i32", param: "f32" },
  f32_copy: { x: "ptr", y: "ptr", n: "i32" },
  f32_dropout: { x: "ptr", y: "ptr", n: "i32", group: "i32", p: "f32", stream: "i32", rng: "ptr" },
  // reduce/
  f32_column_sum: { x: "ptr", y: "ptr", rows: "i32", cols: "i32", partial: "ptr" },
  f32_softmax: { x: "ptr", y: "ptr", rows: "i32", cols: "i32", log: "i32" },
  f32_softmax_dx: { dy: "ptr", y: "ptr", dx: "ptr", rows: "i32", cols: "i32", log: "i32" },
  f32_cross_entropy: { logits: "ptr", target: "ptr", rows: "i32", cols: "i32", probabilities: "i32", smoothing: "f32", lse: "ptr", loss: "ptr", partial: "ptr" },
  f32_cross_entropy_dx: { logits: "ptr", target: "ptr", lse: "ptr", dx: "ptr", rows: "i32", cols: "i32", probabilities: "i32", smoothing: "f32" },
  f32_regression_loss: { x: "ptr", target: "ptr", n: "i32", kind: "i32", param: "f32", loss: "ptr", partial: "ptr" },
  f32_regression_loss_dx: { x: "ptr", target: "ptr", dx: "ptr", n: "i32", kind: "i32", param: "f32" },
  // norm/
  f32_layer_norm: { x: "ptr", gamma: "ptr", beta: "ptr", y: "ptr", mean: "ptr", rstd: "ptr", rows: "i32", cols: "i32", eps: "f32" },
  f32_layer_norm_dx: { dy: "ptr", x: "ptr", gamma: "ptr", mean: "ptr", rstd: "ptr", dx: "ptr", rows: "i32", cols: "i32" },
  f32_layer_norm_dw: { dy: "ptr", x: "ptr", mean: "ptr", rstd: "ptr", dgamma: "ptr", dbeta: "ptr", rows: "i32", cols: "i32", partial: "ptr" },
  f32_batch_norm_stats: { x: "ptr", mean: "ptr", variance: "ptr", rstd: "ptr", rows: "i32", channels: "i32", eps: "f32", partial: "ptr" },
  f32_batch_norm_rstd: { variance: "ptr", rstd: "ptr", channels: "i32", eps: "f32" },
  f32_batch_norm: { x: "ptr", mean: "ptr", rstd: "ptr", gamma: "ptr", beta: "ptr", residual: "ptr", y: "ptr", rows: "i32", channels: "i32", activation: "i32", param: "f32" },
  f32_batch_norm_dw: { dy: "ptr", x: "ptr", mean: "ptr", rstd: "ptr", dgamma: "ptr", dbeta: "ptr", rows: "i32", channels: "i32", mask: "i32", gamma: "ptr", beta: "ptr", y: "ptr", partial: "ptr" },
  f32_batch_norm_dx: { dy: "ptr", x: "ptr", mean: "ptr", rstd: "ptr", gamma: "ptr", beta: "ptr", dgamma: "ptr", dbeta: "ptr", dx: "ptr", rows: "i32", channels: "i32", mask: "i32", y: "ptr", dresidual: "ptr" },
  f32_batch_norm_update: { mean: "ptr", variance: "ptr", runningMean: "ptr", runningVar: "ptr", rows: "i32", channels: "i32", momentum: "f32", batches: "ptr" },
  // optim/
  f32_grad_norm: { g: "ptr", n: "i32", maxNorm: "f32", norm: "ptr", scale: "ptr", loss: "ptr", status: "ptr", partial: "ptr" },
  f32_sgd: { w: "ptr", g: "ptr", v: "ptr", n: "i32", lr: "ptr", lrScale: "f32", momentum: "f32", dampening: "ptr", weightDecay: "f32", nesterov: "i32", scale: "ptr" },
  f32_adam: { w: "ptr", g: "ptr", m: "ptr", v: "ptr", n: "i32", lr: "ptr", lrScale: "f32", rate1: "f32", rate2: "f32", eps: "f32", weightDecay: "f32", decoupled: "i32", correction: "ptr", scale: "ptr" },
  f32_ema: { w: "ptr", ema: "ptr", n: "i32", rate: "f32" },
  // conv/: filters are OHWI; y, residual and source share the strides yImage, yRow, yCol (in numbers); sizes in core/conv.ts
  f32_conv2d_pack: { filter: "ptr", packed: "ptr", oc: "i32", ic: "i32", groups: "i32", kh: "i32", kw: "i32", dx: "i32", firstH: "i32", stepH: "i32", tapsH: "i32", firstW: "i32", stepW: "i32", tapsW: "i32" },
  f32_conv2d: { x: "ptr", filter: "ptr", y: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", oc: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", dilationH: "i32", dilationW: "i32", padTop: "i32", padLeft: "i32", groups: "i32", yImage: "i32", yRow: "i32", yCol: "i32", band: "i32", bias: "ptr", residual: "ptr", activation: "i32", param: "f32", source: "ptr", scratch: "ptr", scratchStride: "i32" },
  f32_conv2d_dw: { dy: "ptr", x: "ptr", dw: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", oc: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", dilationH: "i32", dilationW: "i32", padTop: "i32", padLeft: "i32", groups: "i32", band: "i32", scratch: "ptr", scratchStride: "i32" },
  f32_winograd_f4x3_filter: { filter: "ptr", transformed: "ptr", oc: "i32", ic: "i32", dx: "i32", scratch: "ptr", scratchStride: "i32" },
  f32_conv2d_winograd_f4x3: { x: "ptr", filter: "ptr", y: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", oc: "i32", padTop: "i32", padLeft: "i32", block: "i32", bias: "ptr", residual: "ptr", activation: "i32", param: "f32", source: "ptr", scratch: "ptr", scratchStride: "i32" },
  f32_fold_batch_norm: { w: "ptr", mean: "ptr", rstd: "ptr", gamma: "ptr", beta: "ptr", bias: "ptr", folded: "ptr", foldedBias: "ptr", rows: "i32", cols: "i32" },
  f32_scale_channels: { x: "ptr", s: "ptr", y: "ptr", batch: "i32", pixels: "i32", channels: "i32" },
  f32_scale_channels_dw: { dy: "ptr", x: "ptr", ds: "ptr", batch: "i32", pixels: "i32", channels: "i32" },
  f32_transpose: { x: "ptr", y: "ptr", batch: "i32", rows: "i32", cols: "i32" },
  f32_conv2d_winograd_f4x3_dw: { dy: "ptr", x: "ptr", dw: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", oc: "i32", padTop: "i32", padLeft: "i32", block: "i32", chunks: "i32", partial: "ptr", scratch: "ptr", scratchStride: "i32" },
  // depthwise (groups = ic = oc), filters in place
  f32_dwconv: { x: "ptr", filter: "ptr", y: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", dilationH: "i32", dilationW: "i32", padTop: "i32", padLeft: "i32", bias: "ptr", residual: "ptr", activation: "i32", param: "f32", source: "ptr", scratch: "ptr", scratchStride: "i32" },
  f32_dwconv_dx: { dy: "ptr", filter: "ptr", dx: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", dilationH: "i32", dilationW: "i32", padTop: "i32", padLeft: "i32", bias: "ptr", residual: "ptr", activation: "i32", param: "f32", source: "ptr", scratch: "ptr", scratchStride: "i32" },
  f32_dwconv_dw: { dy: "ptr", x: "ptr", dw: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", dilationH: "i32", dilationW: "i32", padTop: "i32", padLeft: "i32" },
  // pool/: padTop and padLeft are also the padding behind
  f32_max_pool: { x: "ptr", y: "ptr", batch: "i32", h: "i32", w: "i32", c: "i32", oh: "i32", ow: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", dilationH: "i32", dilationW: "i32", padTop: "i32", padLeft: "i32" },
  f32_max_pool_dx: { dy: "ptr", x: "ptr", y: "ptr", dx: "ptr", batch: "i32", h: "i32", w: "i32", c: "i32", oh: "i32", ow: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", dilationH: "i32", dilationW: "i32", padTop: "i32", padLeft: "i32" },
  f32_avg_pool: { x: "ptr", y: "ptr", batch: "i32", h: "i32", w: "i32", c: "i32", oh: "i32", ow: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", padTop: "i32", padLeft: "i32", countIncludePad: "i32" },
  f32_avg_pool_dx: { dy: "ptr", dx: "ptr", batch: "i32", h: "i32", w: "i32", c: "i32", oh: "i32", ow: "i32", kh: "i32", kw: "i32", strideH: "i32", strideW: "i32", padTop: "i32", padLeft: "i32", countIncludePad: "i32" },
  f32_adaptive_avg_pool: { x: "ptr", y: "ptr", batch: "i32", h: "i32", w: "i32", c: "i32", oh: "i32", ow: "i32" },
  f32_adaptive_avg_pool_dx: { dy: "ptr", dx: "ptr", batch: "i32", h: "i32", w: "i32", c: "i32", oh: "i32", ow: "i32" },
  f32_pad_shortcut: { x: "ptr", y: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", oc: "i32", stride: "i32", front: "i32" },
  f32_pad_shortcut_dx: { dy: "ptr", dx: "ptr", batch: "i32", h: "i32", w: "i32", ic: "i32", oh: "i32", ow: "i32", oc: "i32", stride: "i32", front: "i32" },
  // run: stops the program when *status is not 0
  guard: { status: "ptr" },
} as const satisfies Record<string, Record<string, ArgumentType>>;

export type KernelName = keyof typeof KERNELS;
export type KernelArguments<K extends KernelName> = { [A in keyof (typeof KERNELS)[K]]: number };

/** Activation codes; `param` is the negative slope of leakyRelu and the alpha of elu. */
export const ACTIVATIONS = {
  none: 0, relu: 1, leakyRelu: 2, gelu: 3, geluTanh: 4, silu: 5, sigmoid: 6, tanh: 7, elu: 8, hardswish: 9,
} as const;
export type ActivationName = keyof typeof ACTIVATIONS;

/** Added to an activation code in a GEMM epilogue: multiply by the derivative taken at `source` instead. */
export const ACTIVATION_GRADIENT = 16;

/** Codes of `f32_regression_loss`; `param` is the delta of huber. */
export const REGRESSION_LOSSES = { mse: 0, bceWithLogits: 1, huber: 2 } as const;

/** Where the control block of a model's memory stands (bytes); the fields are described in `assembly/sync.ts`. */
export const CONTROL = { base: 64, jobs: 64, arrived: 128, generation: 192, parked: 256, begin: 320, end: 324, exit: 332, failed: 336, mayWait: 340, bytes: 1024 } as const;

/**
 * Scalars that the host writes before a step and reads behind it (byte offsets): `lr`; Adam's two bias corrections;
 * `dampening` (0 in the first step); the factor and norm of gradient clipping; `status`, not 0 when loss or gradients
 * were not finite; `rng`, four words of key and step counter.
 */
export const SCALARS = {
  base: 1024, lr: 1024, correction: 1028, dampening: 1036, scale: 1040, norm: 1044, status: 1048, rng: 1056, end: 1088,
} as const;

const names = Object.keys(KERNELS) as KernelName[];
const indices = Object.fromEntries(names.map((name, i) => [name, i])) as Record<KernelName, number>;
const bits = new DataView(new ArrayBuffer(4));

/** Appends the record of one kernel call to `words`. */
export function encodeRecord<K extends KernelName>(words: number[], kernel: K, args: KernelArguments<K>): void {
  const types = Object.entries(KERNELS[kernel]) as [keyof KernelArguments<K> & string, ArgumentType][];
  words.push(indices[kernel], types.length + 2);
  for (const [name, type] of types) {
    if (type === "f32") {
      bits.setFloat32(0, args[name], true);
      words.push(bits.getInt32(0, true));
    } else words.push(args[name] | 0);
  }
}

/** One record as text, for printing programs: `f32_add a=0x400 b=0x800 …`. */
export function formatRecord(words: Int32Array, at: number): string {
  const name = names[words[at]];
  const fields = Object.entries(KERNELS[name]).map(([argument, type], i) => {
    const word = words[at + 2 + i];
    if (type === "ptr") return `${argument}=0x${(word >>> 0).toString(16)}`;
    if (type === "i32") return `${argument}=${word}`;
    bits.setInt32(0, word, true);
    return `${argument}=${bits.getFloat32(0, true)}`;
  });
  return `${name} ${fields.join(" ")}`;
}
