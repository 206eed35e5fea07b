/**
 * The training step in TensorFlow.js, core API, WebAssembly backend with one thread. As its users write it, with
 * TensorFlow.js' own gradient of matMul, and, with `transposes`, as fast as we could make it: the backend multiplies
 * transposed operands by a naive loop (about 1 GFLOPS instead of 10), so the linear layer then has a gradient of its
 * own with explicit transposes.
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

const require = createRequire(import.meta.url);
let ready;

/** The backend is a global of TensorFlow.js and loads once. */
function load() {
  ready ??= (async () => {
    setThreadsCount(1);
    setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
    await tf.setBackend("wasm");
    await tf.ready();
    if (tf.getBackend() !== "wasm") throw new Error(`expected the wasm backend, got ${tf.getBackend()}`);
  })();
  return ready;
}

export async function create(
  { in: inputs, width, blocks, out, batch, lr, momentum },
  parameters,
  { transposes = false },
) {
  await load();
  const layers = [[inputs, width], ...Array.from({ length: 2 * blocks }, () => [width, width]), [width, out]];
  const variables = layers.flatMap(([k, n], i) => [
    tf.variable(tf.transpose(tf.tensor2d(parameters[2 * i], [n, k]))),
    tf.variable(tf.tensor1d(parameters[2 * i + 1])),
  ]);
  const tuned = tf.customGrad((x, w, save) => {
    save([x, w]);
    const gradFunc = (dy, [x, w]) => [tf.matMul(dy, tf.transpose(w)), tf.matMul(tf.transpose(x), dy)];
    return { value: tf.matMul(x, w), gradFunc };
  });
  const product = transposes ? tuned : tf.matMul;
  const linear = (x, layer) => tf.add(product(x, variables[2 * layer]), variables[2 * layer + 1]);
  const forward = (x) => {
    let h = tf.relu(linear(x, 0));
    for (let b = 0; b < blocks; b++) h = tf.relu(tf.add(linear(tf.relu(linear(h, 1 + 2 * b)), 2 + 2 * b), h));
    return linear(h, layers.length - 1);
  };
  const optimizer = tf.train.momentum(lr, momentum);

  return {
    version: `tfjs ${tf.version.tfjs}`,
    /** Returns the loss before the update. */
    step(x, labels) {
      const loss = tf.tidy(() => {
        const input = tf.tensor2d(x, [batch, inputs]);
        const target = tf.oneHot(tf.tensor1d(labels, "int32"), out).toFloat();
        const cost = () => tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(forward(input)), target), 1)));
        return optimizer.minimize(cost, true, variables);
      });
      const value = loss.dataSync()[0];
      loss.dispose();
      return value;
    },
    dispose() {
      optimizer.dispose();
      for (const v of variables) v.dispose();
    },
  };
}
