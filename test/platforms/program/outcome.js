// What a platform tells: what each part found, or the error that it ended with.
import { work } from "./main.js";
import { workerWork } from "./worker.js";

const told = async (part) => {
  try {
    return await part();
  } catch (error) {
    return { error: error?.name, message: String(error?.message ?? error), stack: String(error?.stack).slice(0, 1000) };
  }
};

/** By the main entry, and by the worker's. */
export const outcome = async (options) => ({ main: await told(work), worker: await told(() => workerWork(options)) });

/** Where there are no workers for models. */
export const mainOutcome = async () => ({ main: await told(work) });
