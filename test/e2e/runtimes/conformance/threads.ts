/** Threads where the runtime has them, one thread and the reason elsewhere. */
import { uniform } from "../../../golden/generator.js";
import { type Cases, type Context, check, equal, equalNumbers } from "./suite.js";

const INPUTS = 64;
const x = uniform("threads/x", INPUTS * 32);

const network = ({ library }: Context) => library.residualMLP({ in: INPUTS, width: 96, blocks: 4, out: 10 });

export const threads: Cases = {
  "two threads, or one and the reason": async (context) => {
    const { environment, create, note } = context;
    const model = await create(network(context), [INPUTS], { threads: 2 });
    const { threads, why } = model.info;
    note("threads", String(threads));
    equal(threads, environment.threads, `info.threads (${why})`);
    const reason = environment.threads === 2 ? "2 threads: as asked, in every step" : environment.whyOneThread;
    if (reason) check(why.includes(reason), `info.why expected "${reason}", got "${why}"`);
    const alone = await create(network(context), [INPUTS]);
    check(alone.info.why.endsWith("one thread: as asked"), `info.why expected "as asked", got "${alone.info.why}"`);
    equalNumbers(model.predict(x).data, alone.predict(x).data, "prediction");
    model.dispose();
    alone.dispose();
  },

  "small networks stay on one thread by default": async ({ library, environment }) => {
    const { wasm } = environment;
    const model = await library.createModel(new library.Linear(8, 8), { inputShape: [8], wasm });
    equal(model.info.threads, 1, "info.threads");
    model.dispose();
  },

  "models with threads of their own take turns": async (context) => {
    const models = [];
    for (let i = 0; i < 3; i++) models.push(await context.create(network(context), [INPUTS], { threads: 2, seed: i }));
    const first = models.map((model) => model.predict(x).data);
    // A worker that has fallen asleep must wake as well as one that still looks for work.
    for (let round = 0; round < 5; round++) {
      await new Promise((resolve) => setTimeout(resolve, round * 5));
      for (const [i, model] of models.entries())
        equalNumbers(model.predict(x).data, first[i], `model ${i} in round ${round}`);
    }
    models[1].dispose();
    for (const i of [0, 2]) equalNumbers(models[i].predict(x).data, first[i], `model ${i} after model 1 was disposed`);
    for (const model of models) model.dispose();
  },
};
