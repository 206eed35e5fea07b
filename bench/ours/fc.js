/** The training step in resnet-wasm, by its public API from the built package (`npm run build`). */
export async function create({ in: inputs, width, blocks, out, lr, momentum }, parameters, { threads, relaxedSimd }) {
  const { createModel, createTrainer, crossEntropy, Linear, ReLU, Residual, Sequential, SGD } = await import(
    "../../dist/index.node.js"
  );
  const block = () =>
    new Residual(new Sequential(new Linear(width, width), new ReLU(), new Linear(width, width)), {
      activation: new ReLU(),
    });
  const network = new Sequential(
    new Linear(inputs, width),
    new ReLU(),
    ...Array.from({ length: blocks }, block),
    new Linear(width, out),
  );
  const model = await createModel(network, { inputShape: [inputs], threads, relaxedSimd });
  if (relaxedSimd && !model.info.relaxedSimd) throw new Error(`relaxed SIMD is not available: ${model.info.why}`);
  if (model.info.threads !== threads) throw new Error(`${threads} threads are not available: ${model.info.why}`);
  // A Sequential's parameters come in the order of its layers, weight before bias.
  const state = [...model.stateDict()].map(([name, { shape }], i) => [name, { data: parameters[i], shape }]);
  model.loadStateDict(new Map(state));
  const trainer = createTrainer(model, {
    loss: crossEntropy(),
    optimizer: new SGD({ lr, momentum }),
  });
  return {
    version: model.info.why,
    step: (x, labels) => trainer.step(x, labels).loss,
    dispose: () => model.dispose(),
  };
}
