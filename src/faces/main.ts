/** Everything that the package's main entry exports in every runtime; `createModel` and `loadModel` come from the host's entry. */
export * from "../core/errors.js";
export type { Shape } from "../core/shape.js";
export type { Size } from "../core/size.js";
export type { NestedArray, Tensor, TensorLike } from "../core/tensor.js";
export type { ClassDataset, Dataset, ValueDataset } from "../data/dataset.js";
export type { ImageSource } from "../data/image/source.js";
export type { FileSource, FileTarget } from "../data/places.js";
export type { Init, InitName } from "../graph/init.js";
export type { Layout } from "../graph/layout.js";
export type { Activation, ActivationKind } from "../graph/op.js";
export type { ValueId } from "../graph/value.js";
export type { IntegerRule } from "../io/dtypes.js";
export {
  type Dtype,
  type ReadOptions,
  readSafetensors,
  type SafetensorsFile,
  type StoredTensor,
} from "../io/safetensors.js";
export { readSafetensorsStream, type StreamOptions } from "../io/safetensors-stream.js";
export { type SafetensorsEntry, type WriteOptions, writeSafetensors } from "../io/safetensors-writer.js";
export type { Classification, ClassifyOptions } from "../model/classify.js";
export type { LoadOptions, ModelOptions } from "../model/create.js";
export { activations, type GradCamOptions, gradCam } from "../model/features.js";
export { freeze, unfreeze } from "../model/freeze.js";
export { type GradcheckEntry, type GradcheckOptions, type GradcheckReport, gradcheck } from "../model/gradcheck.js";
export type {
  BackwardOptions,
  MemoryPlan,
  MemoryPlanOptions,
  Model,
  ModelInfo,
  PredictOptions,
  SaveOptions,
} from "../model/model.js";
export type { NamePattern, PathPattern } from "../model/names.js";
export type { Predictor } from "../model/predictor.js";
export type { ProfileOptions } from "../model/profile.js";
export type { Cost, LayerProfile, OpProfile, Profile, ProfileData } from "../model/profile-report.js";
export type { LoadReport, LoadStateDictOptions, StateDict, StateDictLike } from "../model/state.js";
export {
  ELU,
  type ELUOptions,
  GELU,
  type GELUOptions,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  type LeakyReLUOptions,
  LogSoftmax,
  Mish,
  ReLU6,
  Sigmoid,
  SiLU,
  Softmax,
  type SoftmaxOptions,
  Softplus,
  type SoftplusOptions,
  Tanh,
} from "../nn/activations.js";
export { AdaptiveMaxPool2d } from "../nn/adaptive-max-pool.js";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "../nn/batch-norm.js";
export { BasicBlock, type BlockOptions, Bottleneck, PreActBlock } from "../nn/blocks.js";
export { Concat, type ConcatOptions, Slice } from "../nn/branches.js";
export { Conv2d, type Conv2dOptions, type ConvolutionOptions, conv2d } from "../nn/conv.js";
export {
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
} from "../nn/conv-transpose.js";
export { type ConvNeXtOptions, type ConvNeXtSizes, type ConvNeXtVariant, convnext } from "../nn/convnext.js";
export { type DenseNetDepth, type DenseNetOptions, type DenseNetSizes, densenet } from "../nn/densenet.js";
export * from "../nn/dropout.js";
export {
  type EfficientNetOptions,
  type EfficientNetSizes,
  type EfficientNetStage,
  type EfficientNetVariant,
  efficientnet,
} from "../nn/efficientnet.js";
export { layerFromJSON } from "../nn/from-json.js";
export { Gate } from "../nn/gate.js";
export type { Names } from "../nn/inverted-residual.js";
export type { NewHead } from "../nn/layer.js";
export { Layer, type LayerJSON } from "../nn/layer.js";
export { Linear, type LinearOptions } from "../nn/linear.js";
export {
  type BceWithLogitsOptions,
  bceWithLogits,
  type CrossEntropyOptions,
  crossEntropy,
  type HuberOptions,
  huber,
  type Loss,
  mse,
  type TargetKind,
  type Weighing,
} from "../nn/losses.js";
export {
  type BinaryFunction,
  binary,
  LayerScale,
  type LayerScaleOptions,
  PReLU,
  type PReLUOptions,
  type ReduceOptions,
  type ReductionFunction,
  reduce,
  type UnaryFunction,
  unary,
} from "../nn/maps.js";
export { type ResidualMLPOptions, residualMLP, type TabularResNetOptions, tabularResNet } from "../nn/mlp.js";
export { type MobileNetV2Options, type MobileNetV2Stage, mobilenetV2 } from "../nn/mobilenet-v2.js";
export {
  type MobileNetV3Block,
  type MobileNetV3Options,
  type MobileNetV3Sizes,
  mobilenetV3,
} from "../nn/mobilenet-v3.js";
export {
  ChannelShuffle,
  ConstantPad2d,
  concat,
  type Padding,
  pad,
  type SliceOptions,
  slice,
  transpose,
  ZeroPad2d,
} from "../nn/movement.js";
export {
  GroupNorm,
  type GroupNormOptions,
  InstanceNorm1d,
  InstanceNorm2d,
  type InstanceNormOptions,
  LayerNorm,
  type LayerNormOptions,
} from "../nn/norm.js";
export type { OutputGradients, Outputs } from "../nn/outputs.js";
export { AdaptiveAvgPool2d, AvgPool2d, type AvgPool2dOptions, MaxPool2d, type MaxPool2dOptions } from "../nn/pool.js";
export { registerLayer } from "../nn/registry.js";
export { type RegNetOptions, type RegNetSizes, type RegNetVariant, regnet } from "../nn/regnet.js";
export { ActivationLayer, ReLU } from "../nn/relu.js";
export { type ReplaceHeadOptions, replaceHead } from "../nn/replace-head.js";
export { Residual, type ResidualOptions, type Shortcut } from "../nn/residual.js";
export { ReflectionPad2d, ReplicationPad2d, type Sizes, Upsample, type UpsampleOptions } from "../nn/resize.js";
export * from "../nn/resnet.js";
export * from "../nn/resnet-v2.js";
export * from "../nn/resnet1d.js";
export { type ChildNames, Flatten, Identity, Sequential, type SequentialOptions } from "../nn/sequential.js";
export { PadShortcut, type PadShortcutOptions } from "../nn/shortcut.js";
export {
  type ShuffleNetV2Options,
  type ShuffleNetV2Sizes,
  type ShuffleNetV2Variant,
  shufflenetV2,
} from "../nn/shufflenet.js";
export * from "../nn/signals.js";
export { SqueezeExcitation } from "../nn/squeeze-excitation.js";
export { StdConv2d, type StdConv2dOptions } from "../nn/std-conv.js";
export { plainTwin, type ResidualTwinOptions, residualTwin } from "../nn/twins.js";
export type { Buildable, Builder, ExpectOptions, ParameterOptions } from "../ops/builder.js";
export { type Average, type EmaOptions, ema, type SwaOptions, swa } from "../optim/averages.js";
export {
  Adagrad,
  type AdagradOptions,
  Adam,
  type AdamOptions,
  AdamW,
  Lion,
  type LionOptions,
  type Optimizer,
  RMSprop,
  type RMSpropOptions,
  SGD,
  type SGDOptions,
} from "../optim/optimizers.js";
export {
  type CosineAnnealingOptions,
  constant,
  cosineAnnealing,
  type MultiStepLROptions,
  multiStepLR,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  type StepLROptions,
  stepLR,
  type WarmupOptions,
  warmup,
} from "../optim/schedules.js";
export type { ThreadWorker } from "../runtime/host.js";
export type { BrowserStore } from "../stores/browser.js";
export type { GrowingTarget } from "../stores/growing.js";
export type { Release, Store } from "../stores/store.js";
export { fileStore, idbStore, memoryStore, opfsStore } from "../stores/stores.js";
export { type CachedFeatures, type CacheFeaturesOptions, cacheFeatures } from "../train/cache.js";
export type {
  Callback,
  EpochRecord,
  FitBeginning,
  FitFacts,
  FittingTrainer,
  History,
  StepEvent,
} from "../train/callback.js";
export type { CallbackState } from "../train/callback-state.js";
export { checkpoint } from "../train/callbacks/checkpoint.js";
export { type EarlyStoppingOptions, earlyStopping } from "../train/callbacks/early-stopping.js";
export type { Every, KeepingOptions, ResumeOptions } from "../train/callbacks/keeping.js";
export { csvLog, jsonlLog, type LogOptions } from "../train/callbacks/logs.js";
export type { Mode, MonitorOptions } from "../train/callbacks/monitor.js";
export { plot } from "../train/callbacks/plot.js";
export type { PlotElement, PlotOptions, PlotStream } from "../train/callbacks/plot-options.js";
export { type ReduceOnPlateauOptions, reduceOnPlateau } from "../train/callbacks/reduce-on-plateau.js";
export { type TensorboardOptions, tensorboard } from "../train/callbacks/tensorboard.js";
export type { CheckpointOptions, CheckpointOverride, PassedOver } from "../train/checkpoint.js";
export type { ClassEvaluation, EvaluateOptions, Evaluation } from "../train/evaluate.js";
export { type FindLearningRateOptions, findLearningRate, type LearningRates } from "../train/find-learning-rate.js";
export type { FitOptions } from "../train/fit.js";
export type { ParameterGroup } from "../train/groups.js";
export type { KeepOptions } from "../train/kept.js";
export type { Labels } from "../train/labels.js";
export { type LayerDecayOptions, layerDecay } from "../train/layer-decay.js";
export type { TrainerOptions } from "../train/options.js";
export { type RecalibrateOptions, recalibrate } from "../train/recalibrate.js";
export type { StepOptions, StepResult } from "../train/step-trainer.js";
export { createTrainer, type Trainer } from "../train/trainer.js";
