/** resnet-wasm/data: data sets, tables, images and augmentation. */
export type { Philox } from "../core/random.js";
export { arrayDataset, type ClassArrays, type InputData, type ValueArrays } from "../data/array.js";
export { CIFAR10_CLASSES, type CifarKind, type CifarOptions, loadCifar, readCifar } from "../data/cifar.js";
export {
  type CacheOptions,
  cache,
  concat,
  type MapOptions,
  type MappedSample,
  map,
  type Sample,
  take,
} from "../data/combine.js";
export { type ColumnReference, type CsvOptions, readCsv } from "../data/csv.js";
export type { ClassDataset, Dataset, ValueDataset } from "../data/dataset.js";
export type { DecimalMark } from "../data/fields.js";
export { type FileOptions, sha256Hex } from "../data/files.js";
export { type GlyphOptions, glyphs } from "../data/glyphs.js";
export { gunzip, type IdxArray, type IdxData, readIdx } from "../data/idx.js";
export {
  type Augmentation,
  augment,
  type BatchAugmentation,
  type ImageAugmentation,
  type SignalAugmentation,
  type SignalShape,
  withRows,
} from "../data/image/augment.js";
export { type ColorJitterOptions, colorJitter } from "../data/image/color.js";
export {
  type ImageFolder,
  type ImageFolderOptions,
  loadImageFolder,
  type UnreadableFile,
} from "../data/image/folder.js";
export {
  type AreaOptions,
  cutout,
  horizontalFlip,
  randomCrop,
  randomErasing,
  randomResizedCrop,
} from "../data/image/geometry.js";
export { cutmix, type MixOptions, mixup } from "../data/image/mix.js";
export { type DecodeOptions, decodeImage } from "../data/image/open.js";
export type { Image, ImageShape } from "../data/image/pixels.js";
export { type Interpolation, resizeImage } from "../data/image/resize.js";
export { type ImageSource, toImage } from "../data/image/source.js";
export {
  expectTransform,
  IMAGENET_TRANSFORM,
  type ImageTransform,
  transformedShape,
  transformImage,
} from "../data/image/transform.js";
export { FASHION_MNIST_CLASSES, FASHION_MNIST_SHA256, loadMnist, type MnistOptions } from "../data/mnist.js";
export { type ResampleOptions, resample } from "../data/resample.js";
export { jitter, type NoiseOptions, scaling, type TimeWarpOptions, timeWarp } from "../data/signal.js";
export type { SplitOptions } from "../data/split.js";
export {
  type Column,
  type FitTableOptions,
  fitTable,
  makeTable,
  splitTable,
  type Table,
  type TableState,
  TableTransform,
  tableRows,
} from "../data/table.js";
export {
  type ChannelStatistics,
  channelStatistics,
  kFold,
  mapInputs,
  normalise,
  split,
  subset,
} from "../data/views.js";
export { type PrefetchOptions, prefetch } from "../worker/prefetch.js";
