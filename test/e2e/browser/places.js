// What runs in service workers, extensions and worklets: as it stands, which import() files of the package, and bundled to one
// file. Each function returns plain data; what is thrown becomes its name and message.
import { decodeImage, glyphs } from "/dist/data.js";
import * as main from "/dist/index.browser.js";
import * as inference from "/dist/inference.browser.js";

const network = () => main.residualMLP({ in: 784, width: 32, blocks: 2, out: 4 });
const options = { inputShape: [784], seed: 3, relaxedSimd: false };

/** SHA-256, which worklets lack. */
const hex = async (bytes) =>
  globalThis.crypto &&
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) => b.toString(16).padStart(2, "0")).join(
    "",
  );

const tries = {
  /** The hash of weights, and where they were trained. */
  async train() {
    const model = await main.createModel(network(), { ...options, threads: 2 });
    const trainer = main.createTrainer(model, {
      loss: main.crossEntropy(),
      optimizer: new main.SGD({ lr: 0.05, momentum: 0.9 }),
    });
    await trainer.fit(glyphs({ count: 128, classes: 4 }), { epochs: 2 });
    return `${await hex(await model.save())}; ${model.info.why}`;
  },
  async evaluate() {
    const model = await main.createModel(network(), options);
    const trainer = main.createTrainer(model, { loss: main.crossEntropy(), optimizer: new main.Adam() });
    const saved = await trainer.save();
    await trainer.load(saved);
    return (await trainer.evaluate(glyphs({ count: 128, classes: 4 }))).loss > 0;
  },
  async loadModel({ bytes }) {
    const model = await main.loadModel(Uint8Array.from(bytes));
    return Array.from(model.predict([1, 2]).data);
  },
  async inference({ bytes }) {
    const model = await inference.loadModel(Uint8Array.from(bytes));
    return Array.from(model.predict([1, 2]).data);
  },
  async kernelBytes({ wasm }) {
    const model = await main.createModel(new main.Linear(2, 1), { inputShape: [2], wasm: Uint8Array.from(wasm) });
    return model.predict([1, 2]).shape;
  },
  async kernelModule({ bytes, wasm }) {
    const module = new WebAssembly.Module(Uint8Array.from(wasm));
    const model = await inference.loadModel(Uint8Array.from(bytes), { wasm: module });
    return Array.from(model.predict([1, 2]).data);
  },
  async decode({ png }) {
    const { width, height } = await decodeImage(Uint8Array.from(png));
    return [width, height];
  },
  async profile() {
    const model = await main.createModel(network(), options);
    return (await model.profile(new Float32Array(784), { repetitions: 1 })).ops.length > 0;
  },
};

/** What becomes of each, by its name. */
globalThis.attempt = async (given) => {
  const seen = {};
  for (const [name, task] of Object.entries(tries)) {
    try {
      seen[name] = await task(given);
    } catch (error) {
      seen[name] = `${error?.name}: ${error?.message}`;
    }
  }
  return seen;
};

if (typeof registerProcessor === "function") {
  class Attempts extends globalThis.AudioWorkletProcessor {
    constructor() {
      super();
      this.port.onmessage = async ({ data }) => this.port.postMessage(await globalThis.attempt(data));
    }
    process() {
      return true;
    }
  }
  globalThis.registerProcessor("attempts", Attempts);
}
