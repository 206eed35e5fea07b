/** What follows the gradients in a step: their norm and check, the optimisers, and the average of the weights. */
import { ACTIVATIONS } from "../abi/enums.js";
import { cuts } from "../abi/partials.js";
import type { UpdateKernel } from "../abi/records.js";
import { SCALARS } from "../abi/scalars.js";
import type { Op } from "../graph/op.js";
import { FLOAT } from "../graph/value.js";

/**
 * The norm of all `count` gradients, the factor that clips it to `maxNorm` (0: none), and the check that both loss and
 * gradients are finite: where they are not, the step ends here. Inputs: [loss].
 */
export const gradNorm: Op<{ maxNorm: number; count: number }> = {
  name: "gradNorm",
  part: "optimizer",
  shapes: () => [],
  bytes: ({ count }) => count * FLOAT,
  workspace: (_, { count }) => cuts.gradNorm(count).bytes,
  encode(node, c) {
    const { norm, scale, status } = SCALARS;
    const { g, n } = c.at.all;
    // With everything frozen there are no gradients.
    c.emit("f32_grad_norm", node, "loss", "", { g, n: g ? n : 0, norm, scale, status, ...cuts.gradNorm(n) });
    c.emit("guard", node, "", "", { status });
  },
};

/** sum = sum + g, of all gradients: those of the parts of a batch, in their order. */
export const accumulate: Op = {
  name: "accumulate",
  part: "optimizer",
  shapes: () => [],
  encode(node, c) {
    const { g, sum, n } = c.at.all;
    if (g) c.emit("f32_add", node, "", "", { a: sum, b: g, y: sum, n, activation: ACTIVATIONS.none, param: 0 });
  },
};

export interface OptimizerStep {
  kernel: UpdateKernel;
  /** Parameters `first` to `first + count - 1`, which stand side by side in memory. */
  first: number;
  count: number;
  /** Which argument of the kernel is which of the optimiser's state, by name. */
  state: Readonly<Record<string, string>>;
  args: Readonly<Record<string, number>>;
}

/** An optimiser's kernel over a run of parameters; the formula is that of the optimiser (`optim/optimizers.ts`). */
export const optimizerStep: Op<OptimizerStep> = {
  name: "optimizerStep",
  part: "optimizer",
  shapes: () => [],
  bytes: (step, run) => run(step) * (3 + 2 * Object.keys(step.state).length), // reads w, g, state; writes w, state
  encode(node, c) {
    const { kernel, first, count, state: names, args } = node.attributes;
    const { state, ...run } = c.at.run(first, count);
    const kept = Object.fromEntries(Object.entries(names).map(([argument, name]) => [argument, state(name)]));
    const { lr, scale } = SCALARS;
    c.record(kernel, { ...run, lr, scale, ...kept, ...args });
  },
};

/** ema = (1 - rate) ema + rate w; the host writes the rate before each step. */
export const ema: Op = {
  name: "ema",
  part: "optimizer",
  shapes: () => [],
  encode: (node, c) => c.emit("f32_ema", node, "", "", { ...c.at.all, rate: SCALARS.rate }),
};
