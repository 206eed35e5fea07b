/** `resnet-wasm/progress`: a progress bar for terminals, as a callback of `fit`. */
export { type ProgressBarOptions, type ProgressStream, progressBar } from "../train/progress-bar.js";
