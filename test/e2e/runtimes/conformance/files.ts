/** Models, checkpoints and safetensors files: written and read back in this runtime, and the same bytes in every one. */
import { indices, uniform } from "../../../golden/generator.js";
import {
  type Cases,
  type Context,
  check,
  equal,
  equalNumbers,
  fails,
  hashOf,
  type Library,
  type Model,
} from "./suite.js";

const SHAPE = [8, 8, 3];
const x = uniform("files/x", 5 * 8 * 8 * 3);
const labels = indices("files/y", 5, 4);

const net = ({ library }: Context) => library.cifarResNet(8, { classes: 4 });

const trainerOf = ({ createTrainer, crossEntropy, AdamW, cosineAnnealing }: Library, model: Model) =>
  createTrainer(model, {
    loss: crossEntropy(),
    optimizer: new AdamW({ lr: 1e-2 }),
    schedule: cosineAnnealing({ tMax: 20 }),
    ema: 0.9,
  });

const weights = (model: Model) =>
  hashOf([...model.stateDict().values()].map(({ data }) => data as Float32Array<ArrayBuffer>));

export const files: Cases = {
  "a saved model comes back with the same predictions": async (context) => {
    const { library, environment, create } = context;
    const model = await create(net(context), SHAPE, { seed: 3 });
    const bytes = await model.save();
    const options = { relaxedSimd: false, threads: 1, wasm: environment.wasm };
    const back = await library.loadModel(bytes, options);
    equal(back.inputShape, SHAPE, "inputShape");
    equalNumbers(back.predict(x).data, model.predict(x).data, "prediction");
    equalNumbers(await back.save(), bytes, "the file written again");
    await fails(() => library.loadModel(bytes.subarray(0, 1000), options), library.FormatError, "model: ");
  },

  "the entry for inference predicts the same": async (context) => {
    const { inference, library, environment, create } = context;
    const model = await create(net(context), SHAPE, { seed: 9 });
    const bytes = await model.save();
    for (const threads of [1, environment.threads]) {
      const predictor = await inference.loadModel(bytes, { relaxedSimd: false, threads });
      equal(predictor.info.threads, threads, "info.threads");
      equalNumbers(predictor.predict(x).data, model.predict(x).data, "prediction");
      predictor.dispose();
    }
    // Errors of one entry are those of the other.
    await fails(() => inference.loadModel(bytes.subarray(0, 1000)), library.FormatError, "model: ");
  },

  "a resumed training equals one that did not stop": async (context) => {
    const { library, create } = context;
    const whole = await create(net(context), SHAPE, { seed: 4 });
    const trainer = trainerOf(library, whole);
    for (let step = 0; step < 6; step++) trainer.step(x, labels);
    const checkpoint = await trainer.save();
    for (let step = 0; step < 6; step++) trainer.step(x, labels);

    const resumed = await create(net(context), SHAPE, { seed: 4 });
    const second = trainerOf(library, resumed);
    await second.load(checkpoint);
    for (let step = 0; step < 6; step++) second.step(x, labels);
    equal(await weights(resumed), await weights(whole), "weight hash");
  },

  "weights travel as safetensors, in every type": async (context) => {
    const { library, create } = context;
    const { readSafetensors, writeSafetensors, readSafetensorsStream } = library;
    const model = await create(net(context), SHAPE, { seed: 6 });
    const file = writeSafetensors(model.stateDict(), { metadata: { by: "conformance" } });
    const { tensors, metadata } = readSafetensors(file);
    equal(metadata.by, "conformance", "metadata");
    const other = await create(net(context), SHAPE, { seed: 7 });
    other.loadStateDict(tensors);
    equal(await weights(other), await weights(model), "weight hash");

    const streamed = new Map<string, Float32Array>();
    const body = new Response(file).body;
    check(body !== null, "a stream expected");
    await readSafetensorsStream(body, (name, { data }) => void streamed.set(name, data));
    for (const [name, { data }] of tensors) equalNumbers(streamed.get(name)!, data, `streamed ${name}`);

    for (const dtype of ["F64", "F16", "BF16"] as const) {
      const stored = readSafetensors(writeSafetensors(model.stateDict(), { dtype }));
      const limit = { F64: 0, F16: 2 ** -10, BF16: 2 ** -7 }[dtype];
      for (const [name, { data }] of stored.tensors) {
        const exact = tensors.get(name)!.data;
        for (let i = 0; i < data.length; i++)
          check(
            Math.abs(data[i] - exact[i]) <= limit * Math.abs(exact[i]) + 1e-7 * Math.sign(limit),
            `${dtype} ${name}`,
          );
      }
    }
  },

  "fit, evaluate and history": async (context) => {
    const { library, create } = context;
    const model = await create(new library.Linear(6, 3), [6], { seed: 8 });
    const n = 48;
    const rows = uniform("files/rows", n * 6);
    const classOf = (i: number) => [0, 1, 2].reduce((best, k) => (rows[i * 6 + k] > rows[i * 6 + best] ? k : best), 0);
    const y = Int32Array.from({ length: n }, (_, i) => classOf(i));
    const dataset = {
      length: n,
      inputShape: [6],
      targets: "class" as const,
      classes: 3,
      get(index: ArrayLike<number>, xs: Float32Array, ys: Int32Array | Float32Array) {
        for (let row = 0; row < index.length; row++) {
          xs.set(rows.subarray(index[row] * 6, index[row] * 6 + 6), row * 6);
          ys[row] = y[index[row]];
        }
      },
    };
    const { createTrainer, crossEntropy, SGD } = library;
    const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.5 }) });
    const history = await trainer.fit(dataset, { epochs: 30, batchSize: 16 });
    equal(history.epochs.length, 30, "epochs");
    const { accuracy } = await trainer.evaluate(dataset);
    check(accuracy !== undefined && accuracy > 0.9, `accuracy expected above 0.9, got ${accuracy}`);
  },
};
