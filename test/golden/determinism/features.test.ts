// One seed, one weight hash: whatever the number of threads, the version of Node or the runtime, relaxed SIMD being off.
// Everything that could differ takes part: random initialisation, dropout, all functions of math/, reductions, schedules.
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import {
  type ActivationLayer,
  AdamW,
  BatchNorm1d,
  cosineAnnealing,
  createTrainer,
  crossEntropy,
  Dropout,
  ELU,
  GELU,
  Hardswish,
  LayerNorm,
  LeakyReLU,
  Linear,
  ReLU,
  Residual,
  Sequential,
  Sigmoid,
  SiLU,
  StochasticDepth,
  Tanh,
  warmup,
} from "../../../src/hosts/node/index.js";
import { build } from "../../support/setups.js";
import { indices, uniform } from "../generator.js";

const FEATURES = 19;
const CLASSES = 7;
const BATCH = 45;

/** Change it only together with a reason why weights have to change; it holds for every machine. */
const GOLDEN = "d07e0a64b2c348fdf79436d948e631b0bdfbaaf0cbc26305ddb2ad6e2e77e5b4";

const block = (width: number, activation: ActivationLayer) =>
  new Residual(
    new Sequential(
      new Linear(width, width, { init: "he" }),
      new BatchNorm1d(width),
      activation,
      new Dropout(0.1),
      new Linear(width, width),
      new StochasticDepth(0.1),
    ),
    { activation },
  );

const network = new Sequential(
  new Linear(FEATURES, 33, { init: "he" }),
  new LayerNorm(33),
  ...[
    new ReLU(),
    new GELU(),
    new GELU({ approximate: "tanh" }),
    new SiLU(),
    new Tanh(),
    new ELU(),
    new Hardswish(),
    new LeakyReLU(),
    new Sigmoid(),
  ].map((g) => block(33, g)),
  new Linear(33, CLASSES),
);

it.each([1, 2, 3])(
  "200 steps with %d threads end in the golden weights",
  async (threads) => {
    const model = await build(network, [FEATURES], { threads, relaxedSimd: false }, 2015);
    const trainer = createTrainer(model, {
      loss: crossEntropy({ labelSmoothing: 0.1 }),
      optimizer: new AdamW({ lr: 3e-3 }),
      schedule: warmup({ steps: 20, after: cosineAnnealing({ tMax: 200 }) }),
      clipGradNorm: 1,
      ema: 0.98,
    });
    for (let step = 0; step < 200; step++) {
      const n = step % 10 === 9 ? 5 : BATCH; // a small batch takes the other path through the products
      const { loss } = trainer.step(
        uniform(`determinism/x${step % 16}`, n * FEATURES),
        indices(`determinism/y${step % 16}`, n, CLASSES),
      );
      expect(loss).toBeGreaterThan(0);
    }
    const hash = createHash("sha256");
    for (const state of [model.stateDict(), trainer.emaStateDict()])
      for (const { data } of state.values()) hash.update(new Uint8Array(data.buffer));
    hash.update(new Uint8Array(model.predict(uniform("determinism/p", 100 * FEATURES)).data.buffer));
    expect(hash.digest("hex")).toBe(GOLDEN);
    model.dispose();
  },
  120_000,
);
