import { matrices } from "../data.js";
import { loadTf, version } from "./backend.js";

export async function create(task, { backend }) {
  const tf = await loadTf(backend);
  const data = matrices(task);
  const [a, b] = [tf.tensor2d(data.a, [task.m, task.k]), tf.tensor2d(data.b, [task.k, task.n])];
  return {
    version,
    run() {
      const c = tf.matMul(a, b);
      const values = c.dataSync();
      c.dispose();
      return values;
    },
    dispose: () => tf.dispose([a, b]),
  };
}
