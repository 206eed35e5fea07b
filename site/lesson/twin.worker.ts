/** Turns a plain network into its residual twin and back, with the library's own functions, and tells what it then is. */
import {
  BatchNorm2d,
  Conv2d,
  createModel,
  Flatten,
  type Layer,
  Linear,
  MaxPool2d,
  plainTwin,
  ReLU,
  residualTwin,
  Sequential,
} from "resnet-wasm";

export type TwinRequest = "plain" | "toResidual" | "toPlain";
export interface TwinReply {
  /** The network as `model.summary()` prints it. */
  summary: string;
  blocks: number;
  /** As the summary counts them. */
  parameters: string;
}

const INPUT = [32, 32, 3];

/** Ten layers in the manner of VGG (Simonyan and Zisserman 2014), for pictures of 32 × 32. */
function plainNetwork(): Sequential {
  const conv = (from: number, to: number) => [
    new Conv2d(from, to, { kernelSize: 3, padding: 1 }),
    new BatchNorm2d(to),
    new ReLU(),
  ];
  const pool = () => new MaxPool2d({ kernelSize: 2 });
  return new Sequential(
    ...[...conv(3, 16), ...conv(16, 16), ...conv(16, 16), pool()],
    ...[...conv(16, 32), ...conv(32, 32), ...conv(32, 32), pool()],
    ...[...conv(32, 64), ...conv(64, 64), ...conv(64, 64), pool()],
    ...[new Flatten(), new Linear(64 * 4 * 4, 10)],
  );
}

let network: Layer = plainNetwork();

addEventListener("message", async ({ data }: MessageEvent<TwinRequest>) => {
  if (data === "toResidual") network = residualTwin(network);
  if (data === "toPlain") network = plainTwin(network);
  const model = await createModel(network, { inputShape: INPUT, threads: 1 });
  const summary = model.summary();
  const reply: TwinReply = {
    summary,
    blocks: summary.match(/\(Residual\)/g)?.length ?? 0,
    parameters: /^total +([\d,]+)/m.exec(summary)?.[1] ?? "",
  };
  model.dispose();
  (globalThis as unknown as Worker).postMessage(reply);
});
