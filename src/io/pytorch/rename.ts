/** Names of ResNets elsewhere, as torchvision has them: for `loadStateDict({ rename })`. */
import { text } from "../../core/options.js";

const STAGE = /^encoder\.stages\.(\d+)\.layers\.(\d+)\.(layer\.(\d+)|shortcut)\.(convolution|normalization)\./;

/**
 * Hugging Face's names of ResNets (`ResNetModel`, `ResNetForImageClassification`) as torchvision's, which this library has:
 * `resnet.encoder.stages.0.layers.1.layer.0.convolution.weight` → `layer1.1.conv1.weight`. All others stay as they are.
 *
 * @example
 * model.loadStateDict(readPytorch(bytes).tensors, { rename: huggingFaceResNet });
 */
export function huggingFaceResNet(name: string): string {
  return text("huggingFaceResNet", "name", name)
    .replace(/^resnet\.(?=embedder\.|encoder\.)/, "")
    .replace(/^embedder\.embedder\.convolution\./, "conv1.")
    .replace(/^embedder\.embedder\.normalization\./, "bn1.")
    .replace(STAGE, (_, stage, block, branch, index, kind) => {
      const isConv = kind === "convolution";
      const layer = branch === "shortcut" ? `downsample.${isConv ? 0 : 1}` : `${isConv ? "conv" : "bn"}${+index + 1}`;
      return `layer${+stage + 1}.${block}.${layer}.`;
    })
    .replace(/^classifier\.1\./, "fc.");
}

/**
 * timm's names of ResNets as torchvision's. Blocks, stems and heads are named alike; what differs is the prefix that wrappers put
 * in front: `timm_model.` and `backbone.timm_model.` (Hugging Face's), `_backbone.`, `model.` and `module.` (training loops).
 *
 * @example
 * model.loadStateDict(readPytorch(bytes).tensors, { rename: timmResNet });
 */
export function timmResNet(name: string): string {
  return text("timmResNet", "name", name).replace(/^(?:(?:timm_model|_?backbone|model|module|_orig_mod)\.)+/, "");
}
