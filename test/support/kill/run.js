// A training with all that a checkpoint has to hold: dropout, BatchNorm, augmentation, mixed samples, averages, a schedule, early
// stopping, a plateau, metrics. `api` makes models: the main entry or that for workers.

/** What is left of it, as bytes. */
export async function run({ main, data, metrics, api }, store, more = {}) {
  const { BatchNorm1d, Dropout, Linear, ReLU, Residual, Sequential } = main;
  const block = () =>
    new Sequential(new Linear(48, 48), new BatchNorm1d(48), new ReLU(), new Dropout(0.2), new Linear(48, 48));
  const network = new Sequential(
    new Linear(784, 48),
    new BatchNorm1d(48),
    new ReLU(),
    new Residual(block(), { activation: new ReLU() }),
    new Linear(48, 4),
  );
  const model = await api.createModel(network, {
    inputShape: [784],
    seed: 11,
    relaxedSimd: false,
    threads: 1,
    ...more,
  });
  const trainer = await api.createTrainer(model, {
    loss: main.crossEntropy({ labelSmoothing: 0.1 }),
    optimizer: new main.AdamW({ lr: 2e-3, weightDecay: 0.05 }),
    schedule: main.warmup({ steps: 10 }),
    ema: 0.95,
    clipGradNorm: 1,
    accumulate: 2,
    decayNormsAndBiases: false,
  });
  const glyphs = data.glyphs({ count: 200, classes: 4, seed: 2 });
  const training = data.augment(glyphs, [data.mixup({ alpha: 0.3 })], { seed: 5 });
  const passed = [];
  const history = await trainer.fit(training, {
    epochs: 60,
    batchSize: 24,
    validation: data.glyphs({ count: 40, classes: 4, seed: 3 }),
    metrics: [metrics.f1(), metrics.rocAuc()],
    callbacks: [
      main.earlyStopping({ monitor: "validation.f1", patience: 12 }),
      main.reduceOnPlateau({ factor: 0.5, patience: 2 }),
    ],
    resume: {
      store,
      every: 1,
      keep: 2,
      best: "validation.rocAuc",
      onPassedOver: (name, reason) => passed.push(`${name}: ${reason}`),
    },
  });
  const checkpoint = await trainer.save();
  const weights = await model.save();
  await model.dispose();
  return {
    checkpoint,
    weights,
    passed,
    epochs: history.epochs.length,
    stopped: history.stopped,
    steps: trainer.stepCount,
  };
}
