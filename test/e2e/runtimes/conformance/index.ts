/**
 * The conformance suite: what every runtime must do alike, as one function of the library and the runtime. It is bundled
 * once and run everywhere; `../run.js` has the runners.
 */

import { eightBits } from "./eight-bits.js";
import { errors } from "./errors.js";
import { files } from "./files.js";
import { lifetime } from "./lifetime.js";
import { ops } from "./ops.js";
import type { CaseResult, Cases, Context, Eight, Environment, Inference, Library, Report } from "./suite.js";
import { threads } from "./threads.js";
import { training } from "./training.js";
import { trajectories } from "./trajectories.js";
import { variants } from "./variants.js";

export { abandon, killWorker, probe } from "./faults.js";

const ALL: Cases = {
  ...ops,
  ...trajectories,
  ...training,
  ...variants,
  ...threads,
  ...files,
  ...eightBits,
  ...errors,
  ...lifetime,
};

export async function conformance(
  library: Library,
  inference: Inference,
  environment: Environment,
  eight?: Eight,
): Promise<Report> {
  const notes: Report["notes"] = {};
  const { wasm, only = "" } = environment;
  const context: Context = {
    library,
    inference,
    eight,
    environment,
    create(network, inputShape, { threads = 1, seed = 0 } = {}) {
      // Small networks would stay on one thread.
      return library.createModel(network, { inputShape, threads: { force: threads }, seed, relaxedSimd: false, wasm });
    },
    note: (key, value) => void (notes[key] = value),
  };
  const results: CaseResult[] = [];
  for (const [name, run] of Object.entries(ALL).filter(([name]) => name.includes(only))) {
    let error: string | null = null;
    const start = Date.now();
    try {
      await run(context);
    } catch (thrown) {
      error = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    }
    results.push({ name, error, ms: Date.now() - start });
  }
  return { environment: environment.name, results, notes };
}
