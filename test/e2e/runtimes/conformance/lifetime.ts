/** Models come and go: disposed or forgotten, they leave room for others. */
import { uniform } from "../../../golden/generator.js";
import { type Cases, equalNumbers, fails } from "./suite.js";

const x = uniform("lifetime/x", 4 * 16);

export const lifetime: Cases = {
  "a disposed model says so": async ({ library, create }) => {
    const model = await create(new library.Linear(16, 4), [16]);
    model.dispose();
    model.dispose();
    await fails(() => model.predict(x), library.ResnetWasmError, "predict: model expected in use, got disposed");
    await fails(() => model.save(), library.ResnetWasmError, "disposed");
  },

  "forgotten models do not use up the memory": async ({ library, create }) => {
    const network = library.residualMLP({ in: 16, width: 16, blocks: 1, out: 4 });
    const expected = (await create(network, [16])).predict(x).data;
    for (let i = 0; i < 150; i++) equalNumbers((await create(network, [16])).predict(x).data, expected, `model ${i}`);
  },

  "models with threads, forgotten or disposed, leave their threads": async ({ library, create, environment }) => {
    const network = library.residualMLP({ in: 16, width: 16, blocks: 1, out: 4 });
    const expected = (await create(network, [16])).predict(x).data;
    for (let i = 0; i < 20; i++) {
      const model = await create(network, [16], { threads: environment.threads });
      equalNumbers(model.predict(x).data, expected, `model ${i}`);
      if (i % 2 === 0) model.dispose();
    }
  },
};
