/** Whole networks in training against PyTorch's float64: losses step by step, gradients of the first, weights at the end. */
import cifar from "../../../golden/data/cifar-resnet20-pad.json" with { type: "json" };
import mlp from "../../../golden/data/residual-mlp.json" with { type: "json" };
import {
  decodeMlpTrajectory,
  type Fingerprint,
  fingerprintDifference,
  maxDifference,
  nchwToNhwc,
} from "../../../golden/decode.js";
import { decodeCifarTrajectory } from "../../../golden/decode-nets.js";
import { atMost, type Cases, type Context, type Model } from "./suite.js";

type State = ReturnType<Model["stateDict"]>;

function compare(state: State, expected: Iterable<[name: string, golden: Fingerprint]>, limit: number): void {
  for (const [name, golden] of expected)
    atMost(fingerprintDifference(state.get(name)!.data, golden), limit, golden.name);
}

async function fullyConnected({ library, create }: Context): Promise<void> {
  const { residualMLP, createTrainer, crossEntropy, SGD } = library;
  const golden = decodeMlpTrajectory(mlp);
  const { in: inputs, width, blocks, out, lr, momentum, parameters } = golden;
  const model = await create(residualMLP({ in: inputs, width, blocks, out }), [inputs]);
  const names = [...model.stateDict().keys()];
  const named = <T>(list: T[]): [string, T][] => list.map((item, i) => [names[i], item]);
  model.loadStateDict(new Map(named(parameters)));
  const { logits } = golden;
  const largest = logits.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  atMost(maxDifference(model.predict(golden.batchOf(0).x).data, logits.data) / largest, 1e-5, "logits");
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr, momentum }) });
  for (let step = 0; step < golden.steps; step++) {
    const { x, labels } = golden.batchOf(step);
    const { loss } = trainer.step(x, labels);
    atMost(Math.abs(loss - golden.losses[step]), 5e-6, `loss of step ${step}`);
    if (step === 0) compare(model.gradients(), named(golden.gradients), 1e-5);
  }
  compare(model.stateDict(), named(golden.weights), 1e-5);
  model.dispose();
}

async function convolutional({ library, create }: Context): Promise<void> {
  const { cifarResNet, createTrainer, crossEntropy, SGD } = library;
  const golden = decodeCifarTrajectory(cifar);
  const { shortcut, lr, momentum, weightDecay } = golden;
  const model = await create(cifarResNet(20, { shortcut }), [32, 32, 3]);
  model.loadStateDict(golden.state);
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr, momentum, weightDecay }) });
  for (let step = 0; step < golden.steps; step++) {
    const { x, shape, labels } = golden.batchOf(step);
    const { loss } = trainer.step(nchwToNhwc(x, shape), labels);
    atMost(Math.abs(loss - golden.losses[step]), 1e-5, `loss of step ${step}`);
    if (step === 0)
      compare(
        model.gradients(),
        golden.gradients.map((g) => [g.name, g]),
        1e-4,
      );
  }
  compare(
    model.stateDict(),
    golden.finalState.map((w) => [w.name, w]),
    1e-4,
  );
  model.dispose();
}

export const trajectories: Cases = {
  "784-128x8-10 follows PyTorch for twenty steps": fullyConnected,
  "ResNet-20 follows PyTorch for twenty steps": convolutional,
};
