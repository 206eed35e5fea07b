// A network that others have trained, taught other classes, and a table: as a page does them, in it or in a worker.
// `api` makes models: the main entry or that for workers.
const SIZE = 12;

function table() {
  const rows = Array.from({ length: 150 }, (_, i) => {
    const [light, water] = [((i * 37) % 100) / 100, ((i * 61) % 100) / 100];
    return `${light},${water},${light > 0.5 ? "sunflower" : water > 0.5 ? "fern" : "cactus"}`;
  });
  return ["light,water,kind", ...rows].join("\n");
}

/** Bits of both, and what is said of them. */
export async function run({ main, data, metrics, recipes, api }) {
  const on = {
    ...api,
    createModel: (network, options) => api.createModel(network, { ...options, relaxedSimd: false }),
  };
  const glyphs = (seed, classNames) => ({
    ...data.glyphs({ count: 96, classes: 4, size: SIZE, flatten: false, noise: 0.05, seed }),
    classNames,
  });
  const pretrained = await on.createModel(main.cifarResNet(8, { inChannels: 1, classes: 4 }), {
    inputShape: [SIZE, SIZE, 1],
    seed: 1,
  });
  const trainer = await api.createTrainer(pretrained, { loss: main.crossEntropy(), optimizer: new main.AdamW() });
  await trainer.fit(glyphs(1), { epochs: 3, batchSize: 16 });
  const { temperature } = await metrics.calibrate(pretrained, glyphs(2));
  const features = await api.cacheFeatures(pretrained, glyphs(3), { layer: "flatten" });
  const options = { batchSize: 16, headEpochs: 4, stageEpochs: 1, print: null, on };
  const tuned = await recipes.fineTune(pretrained, glyphs(4, ["star", "moon", "sun", "leaf"]), options);
  const quick = { folds: 3, repeats: 1, width: 12, epochs: 6, print: null };
  const tabular = await recipes.trainTable(table(), { target: "kind", ...quick, on });
  const bytes = [await tuned.model.save(), await tabular.model.save()];
  await Promise.all([pretrained, tuned.model, tabular.model].map((model) => model.dispose()));
  return {
    bytes,
    told: {
      temperature,
      features: [features.inputShape, features.classes],
      accuracies: [tuned.evaluation.accuracy, tabular.evaluation.accuracy],
      pages: [tuned, tabular].map(({ report }) => report.html.startsWith("<!doctype html>")),
      classNames: tuned.model.classNames,
    },
  };
}
