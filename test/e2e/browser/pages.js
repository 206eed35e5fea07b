// What the tests run in a page. Each function returns plain data.

import { glyphs } from "/dist/data.js";
import * as main from "/dist/index.browser.js";
import * as worker from "/dist/worker.js";

const violations = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  violations.push(`${violatedDirective} ${blockedURI}`),
);

const network = () => main.residualMLP({ in: 784, width: 32, blocks: 2, out: 4 });
const options = { inputShape: [784], seed: 3, relaxedSimd: false };
const training = () => ({ loss: main.crossEntropy(), optimizer: new main.SGD({ lr: 0.05, momentum: 0.9 }) });
const dataset = (count = 128) => glyphs({ count, classes: 4 });

const hex = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (b) => b.toString(16).padStart(2, "0")).join(
    "",
  );

const describe = (error) => ({
  name: error.name,
  message: error.message,
  typed: error instanceof main.ResnetWasmError,
});
const rejected = (promise) => promise.then(() => "no error", describe);

/** Trains a little and hashes the weights. */
async function train(api, more) {
  const model = await api.createModel(network(), { ...options, ...more });
  const trainer = await api.createTrainer(model, training());
  await trainer.fit(dataset(), { epochs: 2 });
  const hash = await hex(await model.save());
  const { info } = model;
  await model.dispose();
  return { hash, threads: info.threads, why: info.why };
}

globalThis.tests = {
  isolated: () => globalThis.crossOriginIsolated,
  violations: () => violations,
  trainInPage: (more) => train(main, more),
  trainInWorker: (more) => train(worker, more),

  /** The worker's model is made again from its bytes, with its inputs handed over. */
  async transfer() {
    const model = await worker.createModel(network(), options);
    const bytes = await model.save();
    const again = await worker.loadModel(bytes, { transfer: true, relaxedSimd: false });
    const x = new Float32Array(784).fill(0.5);
    const [a, b] = [await model.predict(x), await again.predict(x, { transfer: true })];
    await Promise.all([model.dispose(), again.dispose()]);
    return { lengths: [bytes.length, x.length], equal: a.data.every((value, i) => value === b.data[i]) };
  },

  /** How training ends when a timer or a call says so, in the page and in the worker. */
  async stop() {
    const stopped = [];
    for (const api of [main, worker]) {
      const model = await api.createModel(network(), options);
      const trainer = await api.createTrainer(model, training());
      const fit = trainer.fit(dataset(), { epochs: 1e6, signal: AbortSignal.timeout(200), maxMs: 20_000 });
      // Answered while it trains, not after it.
      const answered = await Promise.race([
        Promise.resolve(model.predict(new Float32Array(784))).then(() => true),
        fit,
      ]);
      stopped.push((await fit).stopped, answered);
      await model.dispose();
    }
    return stopped;
  },

  async refuse() {
    const model = await worker.createModel(network(), options);
    const shape = await rejected(model.predict(new Float32Array(3)));
    const option = await rejected(worker.createModel(network(), { ...options, seeds: 1 }));
    await model.dispose();
    return { shape, option };
  },

  /** Nobody tells a page that its worker was terminated. */
  async kill() {
    let own;
    const start = () => (own = new Worker("/dist/model-worker.js", { type: "module" }));
    const model = await worker.createModel(network(), { ...options, worker: start });
    const trainer = await worker.createTrainer(model, training());
    const fit = rejected(trainer.fit(dataset(), { epochs: 1e6 }));
    setTimeout(() => own.terminate(), 100);
    return { fit: await fit, later: await rejected(model.predict(new Float32Array(784))) };
  },

  /** Models that are forgotten, with threads of their own. */
  async forget() {
    for (let i = 0; i < 3; i++) {
      const model = await worker.createModel(network(), { ...options, threads: 2 });
      await model.predict(new Float32Array(784));
    }
  },

  collect: () => globalThis.gc(),

  missing: () => rejected(worker.createModel(network(), { ...options, worker: "/nowhere.js" })),
};
