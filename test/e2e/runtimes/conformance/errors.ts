/** Mistakes give typed errors that say what was expected and what came, and leave the model as it was. */
import { uniform } from "../../../golden/generator.js";
import { type Cases, type Context, check, equalNumbers, fails, type Library, type Model } from "./suite.js";

const x = uniform("errors/x", 3 * 8);

type Mistake = [call: (library: Library, model: Model) => unknown, kind: keyof Library, text: string];

const MISTAKES: Record<string, Mistake> = {
  "an input of the wrong size": [
    (_, model) => model.predict(new Float32Array(7)),
    "ShapeError",
    "predict: input expected [n, 8]",
  ],
  "backward without forward": [
    (_, model) => model.backward(new Float32Array(3)),
    "ResnetWasmError",
    "directly after forward",
  ],
  "layers that do not fit": [
    ({ createModel, Sequential, Linear }) =>
      createModel(new Sequential(new Linear(8, 4), new Linear(5, 3)), { inputShape: [8] }),
    "ShapeError",
    "1: ",
  ],
  "an unknown option": [
    ({ createModel, Linear }) => createModel(new Linear(8, 4), { inputShape: [8], thread: 2 } as never),
    "ArgumentError",
    '"thread"',
  ],
  "a network that is none": [
    ({ createModel }) => createModel({} as never, { inputShape: [8] }),
    "ArgumentError",
    "createModel",
  ],
  "something else than a module": [
    ({ createModel, Linear }) => createModel(new Linear(8, 4), { inputShape: [8], wasm: "simd.wasm" as never }),
    "ArgumentError",
    'wasm expected a WebAssembly.Module or the bytes of one, got "simd.wasm"',
  ],
  "bytes that are no model": [({ loadModel }) => loadModel(new Uint8Array(100)), "FormatError", "model: header length"],
  "weights of another net": [
    (_, model) => model.loadStateDict(new Map([["weight", { data: new Float32Array(4), shape: [2, 2] }]])),
    "StateDictError",
    "missing",
  ],
  "a label out of range": [(library, model) => trainerOf(library, model).step(x, [0, 1, 3]), "DataError", "got 3"],
  "an input that is not finite": [
    (library, model) =>
      trainerOf(library, model).step(
        x.map((v, i) => (i === 11 ? Number.NaN : v)),
        [0, 1, 2],
      ),
    "NumericError",
    "NaN",
  ],
  "an array longer than any memory": [
    (_, model) => model.predict({ data: { length: 2 ** 40 } as never, shape: [2 ** 37, 8] }),
    "ResnetWasmError",
    "predict",
  ],
};

const trainerOf = ({ createTrainer, crossEntropy, SGD }: Library, model: Model) =>
  createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });

async function mistaken({ library, environment, create }: Context, [call, kind, text]: Mistake): Promise<void> {
  for (const threads of environment.threads === 2 ? [1, 2] : [1]) {
    const model = await create(library.residualMLP({ in: 8, width: 16, blocks: 1, out: 3 }), [8], { threads });
    const before = model.predict(x).data;
    await fails(() => call(library, model), library[kind] as never, text);
    equalNumbers(model.predict(x).data, before, "prediction after the error");
    model.forward(x);
    check(model.backward(new Float32Array(9).fill(1)).data.every(Number.isFinite), "gradients after the error");
    model.dispose();
  }
}

export const errors: Cases = Object.fromEntries(
  Object.entries(MISTAKES).map(([name, mistake]) => [`refuses ${name}`, (context) => mistaken(context, mistake)]),
);
