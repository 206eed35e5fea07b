/** Writes event files that TensorBoard reads. */
import { demanded } from "../../core/on-demand.js";
import { integer, readOptions, type Schema } from "../../core/options.js";
import type { GrowingTarget } from "../../stores/growing.js";
import type { Callback } from "../callback.js";
import type { EventWriter } from "./events.js";

export interface TensorboardOptions {
  /** Loss, norm of the gradients and learning rate of every so many steps. Default 10. */
  every?: number;
}

const where = "tensorboard";

const schema = () => ({ every: integer({ min: 1, default: 10 }) }) satisfies Schema<TensorboardOptions>;

/**
 * Writes an event file for each fit into a folder (Node, Deno, Bun) or a store: `train/loss`, `train/lr` and `train/gradNorm` by
 * steps, `epoch/loss` and `validation/<name>` by epochs. `tensorboard --logdir <folder>` shows them; where a fit goes on from
 * a checkpoint it leaves out what came after that.
 *
 * ```ts
 * await trainer.fit(data, { epochs: 30, validation, callbacks: [tensorboard("runs/7")] });
 * ```
 *
 * @example
 * await trainer.fit(dataset, { epochs: 1, callbacks: [tensorboard("runs/board")] });
 */
export function tensorboard(folder: GrowingTarget, options?: TensorboardOptions): Callback {
  const { every } = readOptions(where, options, schema);
  let events: EventWriter | undefined;
  return {
    async onBegin({ trainer, goesOn }) {
      const { openEvents } = await demanded(where, import("./events.js"));
      events = await openEvents(where, folder, { trainer, goesOn });
    },
    async onStep({ loss, lr, gradNorm, epoch, step, stepsPerEpoch }) {
      if ((epoch * stepsPerEpoch + step + 1) % every === 0) await events?.write("train/", { loss, lr, gradNorm });
    },
    async onEpoch({ loss, validation }) {
      await events?.write("epoch/", { loss });
      const { metrics, samples, ...own }: Record<string, unknown> = { ...validation };
      await events?.write("validation/", { ...own, ...Object(metrics) });
      await events?.flush();
    },
    onClose: () => events?.flush(),
  };
}
