// The ways in which a model can run here: kernel variants and thread counts. Small networks would stay on one thread, so
// models made by `build` have them forced.
import { createModel, type Layer, type Model } from "../../src/hosts/node/index.js";
import { hasRelaxedSimd } from "../../src/runtime/features.js";

export { setWeights, weightBits } from "./weights.js";

export interface Setup {
  threads: number;
  relaxedSimd: boolean;
  /** Default: the library's. */
  prefer?: "speed" | "memory";
}

const variants = hasRelaxedSimd() ? [false, true] : [false];

export const setups: Setup[] = variants.flatMap((relaxedSimd) => [1, 2].map((threads) => ({ threads, relaxedSimd })));

export const plainSetup: Setup = setups[0];

export const setupName = ({ threads, relaxedSimd }: Setup): string =>
  `${relaxedSimd ? "relaxed" : "simd"}, ${threads} thread${threads > 1 ? "s" : ""}`;

/** A model that runs in exactly this way. */
export async function build(network: Layer, inputShape: number[], setup: Setup = plainSetup, seed = 0): Promise<Model> {
  const model = await createModel(network, { inputShape, seed, ...setup, threads: { force: setup.threads } });
  const { threads, relaxedSimd, why } = model.info;
  if (threads !== setup.threads || relaxedSimd !== setup.relaxedSimd)
    throw new Error(`not ${setupName(setup)}: ${why}`);
  return model;
}
