// What a platform tells: what each part found, or the error that it ended with.
import { work } from "./main.js";
import { workerWork } from "./worker.js";

export const told = async (part) => {
  try {
    return await part();
  } catch (error) {
    return { error: error?.name, message: String(error?.message ?? error), stack: String(error?.stack).slice(0, 1000) };
  }
};

/** With what a recipe found. */
export const withGuide = async (losses) => ({ ...(await outcome()), guide: await losses });

/** By the main entry, and by the worker's. */
export const outcome = async (options) => ({ main: await told(work), worker: await told(() => workerWork(options)) });

/** Where the worker's entry is not asked. */
export const mainOutcome = async () => ({ main: await told(work) });
