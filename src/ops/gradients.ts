/** The gradients of all ops, for bundles that differentiate. Each stands under the formula of its op. */
import type { Gradient } from "../graph/op.js";
import { batchNormGradients } from "./batch-norm.js";
import { convGradients } from "./conv.js";
import { elementwiseGradients } from "./elementwise.js";
import { linearGradients } from "./linear.js";
import { lossGradients } from "./loss.js";
import { poolGradients } from "./pool.js";
import { shapeGradients } from "./shape.js";

/** A function, so that bundles which never call it leave them out. */
export const allGradients = (): readonly Gradient[] => [
  ...linearGradients,
  ...convGradients,
  ...poolGradients,
  ...batchNormGradients,
  ...elementwiseGradients,
  ...shapeGradients,
  ...lossGradients,
];
