// Symptoms of files: models, checkpoints, weights of others, kernels, and the memory that they ask for.
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { readPytorch } from "../../../../src/faces/pytorch.js";
import {
  BatchNorm1d,
  type Builder,
  createModel,
  createTrainer,
  crossEntropy,
  Layer,
  Linear,
  loadModel,
  type Model,
  readSafetensors,
  registerLayer,
  Sequential,
  SGD,
  type ValueId,
  ZeroPad2d,
} from "../../../../src/hosts/node/index.js";
import { stateDictFile } from "../../../support/pytorch-files.js";
import type { Section } from "./symptom.js";

const make = (network: Layer = new Linear(4, 2)): Promise<Model> => createModel(network, { inputShape: [4] });
const trainerOf = (model: Model) => createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
const page = new TextEncoder().encode(`<!doctype html><title>404</title>${"not found ".repeat(20)}`);

class Doubled extends Layer {
  readonly type: string;

  constructor(type: string) {
    super();
    this.type = type;
  }

  protected args(): unknown[] {
    return [this.type];
  }

  protected record(b: Builder, x: ValueId): ValueId {
    return b.add(x, x);
  }
}

async function changed(): Promise<Uint8Array> {
  const bytes = await (await make()).save();
  bytes[bytes.length - 1] ^= 1;
  return bytes;
}

export const FILES: Section = {
  title: "Files",
  symptoms: [
    {
      symptom: '`metadata expected the key "resnet-wasm-trainer", got none`',
      cause: "a model of `model.save` was given to `trainer.load`",
      cure: "`loadModel(bytes)`; `trainer.load` takes what `trainer.save` wrote",
      provoke: async () => {
        const model = await make();
        return trainerOf(model).load(await model.save());
      },
      cured: async () => loadModel(await (await make()).save()),
    },
    {
      symptom: '`metadata expected the key "resnet-wasm", got none. This is a checkpoint`',
      cause: "a checkpoint of `trainer.save` was given to `loadModel`",
      cure: "`trainer.load(bytes)`, of a trainer that was made in the same way",
      provoke: async () => loadModel(await trainerOf(await make()).save()),
      cured: async () => {
        const trainer = trainerOf(await make());
        return trainer.load(await trainer.save());
      },
    },
    {
      symptom: "`This is a file of torch.save: readPytorch of resnet-wasm/pytorch reads it`",
      cause: "a `.pt` or `.pth` file is no safetensors file",
      cure: "`readPytorch(bytes)`, which runs no code of the file",
      provoke: async () => readSafetensors(stateDictFile((await make()).stateDict())),
      cured: async () => {
        const model = await make();
        return model.loadStateDict(readPytorch(stateDictFile(model.stateDict())).tensors);
      },
    },
    {
      symptom: "`This is a page in place of the file: is its address right?`",
      cause: "the server answered with a page, of an error or a login",
      cure: "the address of the file; look at `response.ok` before",
      provoke: () => loadModel(page),
      cured: async () => loadModel(await (await make()).save()),
    },
    {
      symptom: '`expected the content that "resnet-wasm-digest" was made of, got another`',
      cause: "bits have changed on the way or on the disk; or another program replaced tensors and kept the metadata",
      cure: "the file from where it came; `{ verify: false }` where the change is meant",
      provoke: async () => loadModel(await changed()),
      cured: async () => loadModel(await changed(), { verify: false }),
    },
    {
      symptom: "`file expected N bytes, got M bytes`",
      cause: "the file was cut: a download or a write that did not end",
      cure: '`model.save("model.safetensors")` and stores leave the old file or the new one ([runs.md](runs.md)); load it anew',
      provoke: async () => loadModel((await (await make()).save()).slice(0, -4)),
      cured: async () => loadModel(await (await make()).save()),
    },
    {
      symptom: "`state expected the N tensors of this network, got N missing, N unexpected, N of the wrong shape`",
      cause: "weights of another network, or with another head",
      cure: '`skip: "fc"` leaves a head out; `rename` translates names; the message lists all, with the nearest names',
      provoke: async () => (await make(named(3))).loadStateDict((await make(named(2))).stateDict()),
      cured: async () => (await make(named(3))).loadStateDict((await make(named(2))).stateDict(), { skip: "1" }),
    },
    {
      symptom:
        '`layer type expected one that is known, got "Doubled". A layer of your own is given to registerLayer first`',
      cause: "the file names a layer that is not the library's",
      cure: '`registerLayer("Doubled", Doubled)` before `loadModel`',
      provoke: async () => loadModel(await (await make(new Doubled("Doubled"))).save()),
      cured: async () => {
        registerLayer("DoubledAndKnown", Doubled);
        return loadModel(await (await make(new Doubled("DoubledAndKnown"))).save());
      },
    },
  ],
};

const named = (out: number) => new Sequential(new BatchNorm1d(4), new Linear(4, out));

/** 10^8 numbers from a file of some hundred bytes. */
const border = async () => (await createModel(new ZeroPad2d(2000), { inputShape: [1, 1, 1] })).save();
const kernels = () =>
  new Uint8Array(Buffer.from(readFileSync(new URL("../../../../dist/kernels/classic-simd.wasm", import.meta.url))));

export const MEMORY: Section = {
  title: "Memory and kernels",
  symptoms: [
    {
      symptom: "`loadModel: maxMemory expected at least N for one sample, got M`",
      cause: "a prediction takes more than 1 GiB and 20 times the file's size; a file of a kilobyte can ask for that",
      cure: "`loadModel(bytes, { maxMemory: N })` where the file is to be trusted",
      provoke: async () => loadModel(await border(), { maxMemory: 2 ** 25 }),
      cured: async () => loadModel(await border(), { maxMemory: 2 ** 29 }),
    },
    {
      symptom: "`loadModel: maxWork expected at least N for one sample`",
      cause: "more than 10^12 multiply-adds, numbers written and numbers that pools read: some minutes",
      cure: "`loadModel(bytes, { maxWork: N })`",
      provoke: async () => loadModel(await border(), { maxWork: 1e6 }),
      cured: async () => loadModel(await border(), { maxWork: 1e9 }),
    },
    {
      symptom: "`memory: size expected at most N bytes`",
      cause: "the batch does not fit in `maxMemory`, in 4 GiB, or in what the machine has",
      cure: '`a smaller batch`; `model.memoryPlan({ batchSize, training })` tells the bytes; `prefer: "memory"`'.replace(
        "`a smaller batch`",
        "a smaller batch",
      ),
      provoke: async () => (await small()).predict(new Float32Array(64 * 4096), { batchSize: 64 }),
      cured: async () => (await small()).predict(new Float32Array(64 * 4096), { batchSize: 1 }),
    },
    {
      symptom: "`createModel: wasm expected a file of resnet-wasm/kernels/`",
      cause: "a page that says 404, a file that was cut or changed on its way, or that of another version",
      cure: "fetch the file of the version that is installed",
      provoke: () => createModel(new Linear(4, 2), { inputShape: [4], wasm: page }),
      cured: () => createModel(new Linear(4, 2), { inputShape: [4], wasm: kernels() }),
    },
  ],
};

const small = () => createModel(new ZeroPad2d(32), { inputShape: [64, 64, 1], maxMemory: 2 ** 20 });
