/** The relaxed kernels: used where the runtime has relaxed SIMD, within rounding of the others, and refused elsewhere. */
import { maxDifference } from "../../../golden/decode.js";
import { uniform } from "../../../golden/generator.js";
import { atMost, type Cases, type Context, check, equal, fails, type Layer } from "./suite.js";

const nets = ({ library }: Context): [name: string, network: Layer, inputShape: number[]][] => [
  ["fully connected", library.residualMLP({ in: 40, width: 64, blocks: 3, out: 10 }), [40]],
  ["convolutional", library.cifarResNet(8), [16, 16, 3]],
];

const same = async (context: Context, network: Layer, inputShape: number[]) => {
  const { library, environment, create } = context;
  const model = await library.createModel(network, { inputShape, relaxedSimd: "auto", wasm: environment.wasm });
  equal(model.info.relaxedSimd, environment.relaxedSimd, "info.relaxedSimd");
  equal(model.info.simd, true, "info.simd");
  context.note("relaxed", String(model.info.relaxedSimd));
  const x = uniform("variants/x", 6 * inputShape.reduce((a, b) => a * b, 1));
  const exact = (await create(network, inputShape)).predict(x).data;
  const largest = exact.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  check(largest > 0.01, `outputs expected above 0.01, got ${largest}`);
  atMost(maxDifference(model.predict(x).data, exact) / largest, 1e-5, "relative difference of the variants");
  model.dispose();
};

export const variants: Cases = {
  'relaxedSimd "auto" takes what the runtime has and predicts alike': async (context) => {
    for (const [, network, inputShape] of nets(context)) await same(context, network, inputShape);
  },
  "relaxedSimd true is granted or refused by a typed error": async ({ library, environment }) => {
    const network = new library.Linear(4, 4);
    const make = () => library.createModel(network, { inputShape: [4], relaxedSimd: true, wasm: environment.wasm });
    if (environment.relaxedSimd) equal((await make()).info.relaxedSimd, true, "info.relaxedSimd");
    else await fails(make, library.RuntimeSupportError, "createModel: relaxedSimd expected");
  },
};
