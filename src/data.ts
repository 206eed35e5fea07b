/** resnet-wasm/data: data sets, tables, images and augmentation. */
export { arrayDataset, type ClassArrays, type InputData, type ValueArrays } from "./data/array.js";
export { type ColumnReference, type CsvOptions, readCsv } from "./data/csv.js";
export type { ClassDataset, Dataset, ValueDataset } from "./data/dataset.js";
export { type FileOptions, sha256Hex } from "./data/files.js";
export { type GlyphOptions, glyphs } from "./data/glyphs.js";
export { gunzip, type IdxArray, type IdxData, readIdx } from "./data/idx.js";
export { FASHION_MNIST_CLASSES, FASHION_MNIST_SHA256, loadMnist, type MnistOptions } from "./data/mnist.js";
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
} from "./data/table.js";
export { type ChannelStatistics, channelStatistics, mapInputs, normalise, split, subset } from "./data/views.js";
