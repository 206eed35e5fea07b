/** What `resnet-wasm/imagenet` exports. */
import { IMAGENET_NAMES } from "../data/imagenet-names.js";

/**
 * What the 1,000 outputs of networks that were trained on ImageNet (ILSVRC 2012) are called, in the order of torchvision's and
 * timm's weights: the first of WordNet's words for each class, "crane bird" and "maillot tank suit" where that is not one
 * class's alone. TensorFlow's and Keras's MobileNets with 1,001 outputs have a background in front:
 * `["background", ...imagenetNames]`.
 *
 * @example
 * import { imagenetNames } from "resnet-wasm/imagenet";
 * const model = await loadModel(bytes, { classNames: imagenetNames });
 * const [{ name, probability }] = await model.classify(picture);
 */
export const imagenetNames: readonly string[] = /* @__PURE__ */ Object.freeze(
  /* @__PURE__ */ IMAGENET_NAMES.split("|"),
);
