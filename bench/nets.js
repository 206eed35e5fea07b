/** The networks that the contenders build, each from the same list of operations (nets/recorder.js). */
import { cifarResNet20, convolution, residualMlp, resnet18, resnet50 } from "./nets/classic.js";
import { convnextAtto, efficientnetB0, mobilenetV2, mobilenetV3Small } from "./nets/phones.js";

const forPhones = {
  mobilenet_v2: mobilenetV2,
  mobilenet_v3_small: mobilenetV3Small,
  efficientnet_b0: efficientnetB0,
  convnext_atto: convnextAtto,
};
const networks = {
  resnet18,
  resnet50: ({ keras }) => resnet50(keras),
  resnet20: cifarResNet20,
  fc: residualMlp,
  conv: ({ conv }) => convolution(conv),
  ...forPhones,
};

export const isForPhones = (net) => net in forPhones;

/** The network of a case, { net, keras?, conv?, size?, classes? }; `keras`: as Keras has it, which has its weights by a formula. */
export const network = (task) => networks[task.net](task);

export const size = (shape) => shape.reduce((a, b) => a * b, 1);
