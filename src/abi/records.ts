/**
 * The contract between the program encoder and the kernels in `assembly/`: the name of every kernel and of the fields of
 * its record. From this table the build writes the kernels' half (`scripts/generate-abi.ts`): their numbers, the dispatch,
 * the exports of each module, and for each record a class laid over its memory.
 *
 * A record is a run of 32-bit words: [kernel number, words in the record, field 0, field 1, …]. Pointers are byte
 * addresses in linear memory; 0 stands for "absent" where an operand is optional.
 *
 * A signature lists fields by name; "ptr", "bytes" (a size, or an offset in scratch), "i32" or "f32" in front gives the
 * type up to the next such word. A name from `PARTS` stands for its fields, and the kernel may hand that part of its
 * record on. At the head stand the kernel's group, if it is not the first, and "train" where only training takes it.
 */
import { keysOf, recordOf } from "../core/keys.js";

const TYPES = ["ptr", "bytes", "i32", "f32"] as const;
export type FieldType = (typeof TYPES)[number];

/**
 * Groups of kernels, the files in which they come: "classic" has what ResNets with BatchNorm and ReLU take, "further" has
 * the other activations, norms and convolutions, and all of "classic"; "rare" has what few networks take, and all of both;
 * "int8" has products of integers, for predictions, and all others. A model loads the file of the last group that its plan needs.
 */
export const GROUPS = ["classic", "further", "rare", "int8"] as const;
export type Group = (typeof GROUPS)[number];

/** Runs of fields that several records have. */
export const PARTS = {
  /**
   * What follows a product, and where it goes: y = activation(acc + bias[column] + residual), or acc + … multiplied by the
   * activation's derivative at `source`. Residual and source are laid out as y, and may be y.
   */
  Epilogue: "ptr y bias residual source i32 activation f32 param",
  /**
   * What follows a sum of integers, see assembly/int8/epilogue.ts; y and residual are bytes or, by their forms, float32, both laid
   * out as y.
   */
  IntegerEpilogue: "ptr y residual i32 form residualForm f32 factor low high",
  /** Where the parts of packed weights of eight bits stand, see assembly/int8/pack.ts. */
  IntegerWeights: "bytes columns narrow panels",
  /** Images [batch][h][w] and the windows, each of kh x kw, that give [batch][oh][ow]. Padding after is implied by oh and ow. */
  Window: "i32 batch h w oh ow kh kw strideH strideW dilationH dilationW padTop padLeft",
  /** What Winograd's kernels need of a 3x3 convolution; `block` tiles are taken at a time. */
  Tiles: "i32 batch h w ic oh ow oc padTop padLeft block",
  /** Images [batch][pixels][channels], the channels in `groups`. */
  ImageGroups: "i32 batch pixels channels groups",
  /** Memory of a thread: `scratch + thread * scratchStride`. The offsets that follow count from there. */
  PerThread: "ptr scratch bytes scratchStride",
  /** What the loss and its gradient have in common: a factor for each row and, after these, each class; what it is divided by. */
  CrossEntropy: "i32 rows cols probabilities f32 smoothing ptr weights classes total",
  /** A reduction's chunks of rows or elements, and what each leaves in `partial`. */
  Cut: "ptr partial i32 chunk bytes chunkBytes",
  /** What Winograd's transforms have in it. */
  Transforms: "bytes constants temp patch",
  /**
   * From a picture to a sample of [samples][height][width][channels]: its resize, to a shorter side or a size, and its crop, 0
   * where there is none; `norm` holds mean and standard deviation of each channel in float64. See assembly/standalone/.
   */
  ImageTransform: `ptr picture rows weights norm input i32 samples height width channels shorter resizeHeight resizeWidth
    cropHeight cropWidth bicubic maxHeight maxWidth`,
} as const;

const CONV2D = "bytes sums spare table slab packed packedBytes";
const S8_CONV2D = "IntegerWeights PerThread bytes following sums table slab packed";
const WINOGRAD = "PerThread Transforms bytes v uPlane vPlane";

export const SIGNATURES = {
  // gemm/
  f32_pack_b: "ptr src dst i32 k n ld transposed",
  f32_gemm: "ptr a i32 lda aTransposed ptr b i32 ldy m n k Epilogue PerThread bytes tile spare packed packedBytes",
  f32_gemv: "ptr w i32 ldw ptr x i32 ldx ldy m n k Epilogue PerThread",
  // elementwise/
  f32_activation: "ptr x y i32 n activation f32 param",
  f32_activation_dx: "train ptr dy source dx i32 n activation f32 param",
  f32_add: "ptr a b y i32 n activation f32 param",
  f32_unary: "rare ptr x dy y i32 n code f32 p q",
  f32_binary: "rare ptr a b dy y i32 code n0 n1 n2 n3 a0 a1 a2 a3 b0 b1 b2 b3",
  f32_dropout: "train ptr x y i32 n group sample f32 p i32 stream ptr rng",
  // reduce/
  f32_column_sum: "train ptr x y i32 rows cols Cut",
  f32_reduce: "rare ptr x b y i32 code outer n inner",
  f32_resample: "rare ptr x y i32 outer size inner rows", // and a table, see assembly/reduce/resample.ts
  f32_softmax: "further ptr x y i32 rows cols log",
  f32_softmax_dx: "further train ptr dy y dx i32 rows cols log",
  f32_cross_entropy: "train ptr logits target CrossEntropy ptr lse loss partial",
  f32_cross_entropy_dx: "train ptr logits target CrossEntropy ptr lse dx",
  f32_regression_loss: "train ptr x target weights total i32 n kind f32 param ptr loss Cut",
  f32_regression_loss_dx: "train ptr x target weights total dx i32 n kind f32 param",
  // norm/
  f32_layer_norm: "further ptr x gamma beta y mean rstd i32 rows cols f32 eps",
  f32_layer_norm_dx: "further train ptr dy x gamma mean rstd dx i32 rows cols",
  f32_layer_norm_dw: "further train ptr dy x mean rstd dgamma dbeta i32 rows cols Cut",
  f32_group_norm: "further ptr x gamma beta residual y mean rstd i32 activation f32 param eps ImageGroups Cut",
  f32_group_norm_sums: "further train ptr dy x mean rstd sum product ImageGroups Cut",
  f32_group_norm_dx: "further train ptr dy x mean rstd sum product gamma dx ImageGroups Cut",
  f32_batch_norm_stats: "train ptr x mean variance rstd i32 rows channels f32 eps Cut",
  f32_batch_norm_rstd: "ptr variance rstd i32 channels f32 eps",
  f32_batch_norm: "ptr x mean rstd gamma beta residual y i32 rows channels activation f32 param",
  f32_batch_norm_dw: "train ptr dy x mean rstd dgamma dbeta i32 rows channels Cut",
  f32_batch_norm_dx: "train ptr dy x mean rstd gamma dgamma dbeta dx i32 rows channels",
  f32_batch_norm_update: "train ptr mean variance runningMean runningVar i32 rows channels f32 momentum ptr batches",
  // optim/
  f32_grad_norm: "train ptr g i32 n f32 maxNorm ptr norm scale loss status Cut",
  f32_sgd: "train ptr w g v i32 n ptr lr f32 lrScale momentum ptr dampening f32 weightDecay i32 nesterov ptr scale",
  f32_adam:
    "train ptr w g m v top i32 n ptr lr f32 lrScale rate1 rate2 eps weightDecay i32 decoupled ptr correction scale",
  f32_lion: "train ptr w g m i32 n ptr lr f32 lrScale rate1 rate2 weightDecay ptr scale",
  f32_rmsprop:
    "train ptr w g v a b i32 n ptr lr f32 lrScale rate eps weightDecay momentum initial i32 sums ptr correction scale",
  f32_ema: "train ptr w ema i32 n ptr rate",
  // conv/: filters are OHWI; y has the strides yImage, yRow, yCol (in numbers); see conv.ts and winograd.ts
  f32_conv2d_pack: "ptr filter packed i32 oc ic groups kh kw dx firstH stepH tapsH firstW stepW tapsW",
  f32_conv2d: `ptr x filter Window i32 ic oc groups yImage yRow yCol band chunk Epilogue PerThread ${CONV2D}`,
  f32_conv2d_dw: "train ptr dy x dw Window i32 ic oc groups band PerThread bytes tile strip dyPanels slab",
  f32_winograd_f4x3_filter: "ptr filter transformed i32 oc ic dx PerThread bytes temp square row plane",
  f32_conv2d_winograd_f4x3: `ptr x filter Tiles Epilogue ${WINOGRAD} m mPlane`,
  f32_fold_batch_norm: "ptr w mean rstd gamma beta bias folded foldedBias i32 rows cols",
  f32_scale_channels: "further ptr x s y i32 batch pixels channels",
  f32_scale_channels_dw: "further train ptr dy x ds i32 batch pixels channels",
  f32_transpose: "further ptr x y i32 batch rows cols",
  f32_copy: "further ptr x y i32 n0 n1 n2 n3 x0 x1 x2 x3 y0 y1 y2 y3",
  f32_fill: "further ptr y i32 n f32 value",
  f32_conv2d_winograd_f4x3_dw: `train ptr dy x dw Tiles i32 chunks ptr partial ${WINOGRAD} wt wPlane dyPatch`,
  // depthwise (groups = ic = oc); y as of f32_conv2d
  f32_dwconv_pack: "further ptr filter packed i32 ic kh kw firstH stepH tapsH firstW stepW tapsW",
  f32_dwconv: `further ptr x filter Window i32 ic yImage yRow yCol descending band cols Epilogue PerThread bytes slab sums`,
  f32_dwconv_dw: "further train ptr dy x dw Window i32 ic band PerThread bytes slab sums totals",
  // pool/
  f32_max_pool: "ptr x y Window i32 c",
  f32_max_pool_dx: "train ptr dy x y dx Window i32 c",
  f32_avg_pool: "further ptr x y Window i32 c padBottom padRight countIncludePad",
  f32_avg_pool_dx: "further train ptr dy dx Window i32 c padBottom padRight countIncludePad",
  f32_adaptive_avg_pool: "ptr x y i32 batch h w c oh ow",
  f32_adaptive_avg_pool_dx: "train ptr dy dx i32 batch h w c oh ow",
  f32_pad_shortcut: "ptr x y i32 batch h w ic oh ow oc stride front",
  f32_pad_shortcut_dx: "train ptr dy dx i32 batch h w ic oh ow oc stride front",
  // int8/: x and y of bytes are u7, weights s8 OHWI; see int8.ts
  s8_conv2d_pack:
    "int8 ptr filter scales bias packed i32 oc segments length quads f32 xScale xZero yScale shift IntegerWeights",
  s8_conv2d: `int8 ptr x filter Window i32 ic oc zero band chunk quads IntegerEpilogue ${S8_CONV2D}`,
  u8_quantize: "int8 ptr x y i32 n f32 inverse zero",
  u8_dequantize: "int8 ptr x y i32 n f32 scale zero",
  u8_max_pool: "int8 ptr x y Window i32 c",
  // run: stops the program when *status is not 0
  guard: "ptr status",
} as const;

/** The words of a text. */
export type Words<S extends string> = S extends `${infer Word} ${infer Rest}` ? Word | Words<Rest> : S;
export type KernelName = keyof typeof SIGNATURES;
type Expanded<W extends string> = W extends keyof typeof PARTS ? Words<(typeof PARTS)[W]> : W;
type Fields<S extends string> = Exclude<Expanded<Words<S>>, FieldType | Group | "train">;
type Arguments = { [K in KernelName]: { [F in Fields<(typeof SIGNATURES)[K]>]: number } };
export type KernelArguments<K extends KernelName> = Arguments[K];
/** The kernels of optimisers. */
export type UpdateKernel = { [K in KernelName]: "lrScale" extends keyof KernelArguments<K> ? K : never }[KernelName];

const PART_NAMES = /* @__PURE__ */ keysOf(PARTS);

/** The type of each field of a signature, in order, parts opened up. */
export function parseFields(signature: string): Record<string, FieldType> {
  const fields: Record<string, FieldType> = {};
  let type: FieldType | undefined;
  for (const word of signature.split(/\s+/)) {
    const named = TYPES.find((each) => each === word);
    const part = PART_NAMES.find((each) => each === word);
    if (named) type = named;
    else if (part) {
      Object.assign(fields, parseFields(PARTS[part]));
      type = undefined; // what follows names its own
    } else if (type) fields[word] = type;
  }
  return fields;
}

/** The fields of each kernel's record. */
export const KERNELS = /* @__PURE__ */ recordOf(/* @__PURE__ */ keysOf(SIGNATURES), (name) =>
  parseFields(SIGNATURES[name]),
);

/** What encoding a call of a kernel takes: its number, the place of its group in `GROUPS`, its fields, floats after "~". */
export type KernelRecord = readonly [number: number, group: number, fields: string];

/** That of the kernel of a name. A kernel's place in the table is its number. */
export function describeKernel(name: KernelName): KernelRecord {
  const signature = SIGNATURES[name];
  const group = GROUPS.findIndex((each) => signature.startsWith(each));
  const fields = Object.entries(parseFields(signature)).map(([field, type]) => (type === "f32" ? `~${field}` : field));
  return [Object.keys(SIGNATURES).indexOf(name), Math.max(0, group), fields.join(" ")];
}
