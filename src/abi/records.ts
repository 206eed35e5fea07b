/**
 * The contract between the program encoder and the kernels in `assembly/`: the name of every kernel and of its
 * arguments, in the order in which they stand in a record.
 *
 * A record is a run of 32-bit words: [kernel index, words in the record, argument 0, argument 1, …]. Pointers are byte
 * addresses in linear memory; 0 stands for "absent" where an argument is optional. `test/architecture.test.ts`
 * holds this table against `assembly/abi.ts` and against the argument reads in each kernel.
 *
 * A signature lists the arguments' names; "ptr", "i32" or "f32" in front gives the type up to the next such word.
 */
const TYPES = ["ptr", "i32", "f32"] as const;
export type ArgumentType = (typeof TYPES)[number];

const EPILOGUE = "ptr bias residual i32 ldr activation f32 param ptr source i32 lds ptr scratch i32 scratchStride";
const CONV_EPILOGUE = "ptr bias residual i32 activation f32 param ptr source scratch i32 scratchStride";
const CONV = "batch h w ic oh ow oc kh kw strideH strideW dilationH dilationW padTop padLeft groups";
const WINOGRAD = "batch h w ic oh ow oc padTop padLeft block";
const DWCONV = "batch h w ic oh ow kh kw strideH strideW dilationH dilationW padTop padLeft";
const MAX_POOL = "batch h w c oh ow kh kw strideH strideW dilationH dilationW padTop padLeft";
const AVG_POOL = "batch h w c oh ow kh kw strideH strideW padTop padLeft countIncludePad";

const SIGNATURES = {
  // gemm/
  f32_pack_b: "ptr src dst i32 k n ld transposed",
  f32_gemm: `ptr a i32 lda aTransposed ptr b c i32 ldc m n k ${EPILOGUE}`,
  f32_gemv: `ptr w i32 ldw ptr x i32 ldx ptr y i32 ldy m n k ${EPILOGUE}`,
  // elementwise/
  f32_activation: "ptr x y i32 n activation f32 param",
  f32_activation_dx: "ptr dy source dx i32 n activation f32 param",
  f32_add: "ptr a b y i32 n activation f32 param",
  f32_dropout: "ptr x y i32 n group f32 p i32 stream ptr rng",
  // reduce/
  f32_column_sum: "ptr x y i32 rows cols ptr partial",
  f32_softmax: "ptr x y i32 rows cols log",
  f32_softmax_dx: "ptr dy y dx i32 rows cols log",
  f32_cross_entropy: "ptr logits target i32 rows cols probabilities f32 smoothing ptr lse loss partial",
  f32_cross_entropy_dx: "ptr logits target lse dx i32 rows cols probabilities f32 smoothing",
  f32_regression_loss: "ptr x target i32 n kind f32 param ptr loss partial",
  f32_regression_loss_dx: "ptr x target dx i32 n kind f32 param",
  // norm/
  f32_layer_norm: "ptr x gamma beta y mean rstd i32 rows cols f32 eps",
  f32_layer_norm_dx: "ptr dy x gamma mean rstd dx i32 rows cols",
  f32_layer_norm_dw: "ptr dy x mean rstd dgamma dbeta i32 rows cols ptr partial",
  f32_batch_norm_stats: "ptr x mean variance rstd i32 rows channels f32 eps ptr partial",
  f32_batch_norm_rstd: "ptr variance rstd i32 channels f32 eps",
  f32_batch_norm: "ptr x mean rstd gamma beta residual y i32 rows channels activation f32 param",
  f32_batch_norm_dw: "ptr dy x mean rstd dgamma dbeta i32 rows channels ptr partial",
  f32_batch_norm_dx: "ptr dy x mean rstd gamma dgamma dbeta dx i32 rows channels",
  f32_batch_norm_update: "ptr mean variance runningMean runningVar i32 rows channels f32 momentum ptr batches",
  // optim/
  f32_grad_norm: "ptr g i32 n f32 maxNorm ptr norm scale loss status partial",
  f32_sgd: "ptr w g v i32 n ptr lr f32 lrScale momentum ptr dampening f32 weightDecay i32 nesterov ptr scale",
  f32_adam: "ptr w g m v i32 n ptr lr f32 lrScale rate1 rate2 eps weightDecay i32 decoupled ptr correction scale",
  f32_ema: "ptr w ema i32 n f32 rate",
  // conv/: filters are OHWI; y, residual and source share the strides yImage, yRow, yCol (in numbers); see conv.ts
  f32_conv2d_pack: "ptr filter packed i32 oc ic groups kh kw dx firstH stepH tapsH firstW stepW tapsW",
  f32_conv2d: `ptr x filter y i32 ${CONV} yImage yRow yCol band ${CONV_EPILOGUE}`,
  f32_conv2d_dw: `ptr dy x dw i32 ${CONV} band ptr scratch i32 scratchStride`,
  f32_winograd_f4x3_filter: "ptr filter transformed i32 oc ic dx ptr scratch i32 scratchStride",
  f32_conv2d_winograd_f4x3: `ptr x filter y i32 ${WINOGRAD} ${CONV_EPILOGUE}`,
  f32_fold_batch_norm: "ptr w mean rstd gamma beta bias folded foldedBias i32 rows cols",
  f32_scale_channels: "ptr x s y i32 batch pixels channels",
  f32_scale_channels_dw: "ptr dy x ds i32 batch pixels channels",
  f32_transpose: "ptr x y i32 batch rows cols",
  f32_conv2d_winograd_f4x3_dw: `ptr dy x dw i32 ${WINOGRAD} chunks ptr partial scratch i32 scratchStride`,
  // depthwise (groups = ic = oc), filters in place
  f32_dwconv: `ptr x filter y i32 ${DWCONV} ${CONV_EPILOGUE}`,
  f32_dwconv_dx: `ptr dy filter dx i32 ${DWCONV} ${CONV_EPILOGUE}`,
  f32_dwconv_dw: `ptr dy x dw i32 ${DWCONV}`,
  // pool/: padTop and padLeft are also the padding behind
  f32_max_pool: `ptr x y i32 ${MAX_POOL}`,
  f32_max_pool_dx: `ptr dy x y dx i32 ${MAX_POOL}`,
  f32_avg_pool: `ptr x y i32 ${AVG_POOL}`,
  f32_avg_pool_dx: `ptr dy dx i32 ${AVG_POOL}`,
  f32_adaptive_avg_pool: "ptr x y i32 batch h w c oh ow",
  f32_adaptive_avg_pool_dx: "ptr dy dx i32 batch h w c oh ow",
  f32_pad_shortcut: "ptr x y i32 batch h w ic oh ow oc stride front",
  f32_pad_shortcut_dx: "ptr dy dx i32 batch h w ic oh ow oc stride front",
  // run: stops the program when *status is not 0
  guard: "ptr status",
} as const;

/** The words of a text. */
export type Words<S extends string> = S extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : S;
export type KernelName = keyof typeof SIGNATURES;
type Arguments = { [K in KernelName]: { [A in Exclude<Words<(typeof SIGNATURES)[K]>, ArgumentType>]: number } };
export type KernelArguments<K extends KernelName> = Arguments[K];

function parse(signature: string): Record<string, ArgumentType> {
  const args: Record<string, ArgumentType> = {};
  let type: ArgumentType = "ptr";
  for (const word of signature.split(" ")) {
    if (TYPES.includes(word as ArgumentType)) type = word as ArgumentType;
    else args[word] = type;
  }
  return args;
}

/** The type of each argument of each kernel, in order. */
export const KERNELS = Object.fromEntries(
  Object.entries(SIGNATURES).map(([name, signature]) => [name, parse(signature)]),
) as Record<KernelName, Record<string, ArgumentType>>;

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
