/** What keeps checkpoints of a fit in a store. Loaded on demand. */
import { now } from "../core/ability.js";
import { expectation, StoreError } from "../core/errors.js";
import type { Release } from "../stores/store.js";
import type { Callback, EpochRecord, FittingTrainer } from "./callback.js";
import type { CallbackState } from "./callback-state.js";
import type { ReadKeepingOptions } from "./callbacks/keeping.js";
import { type Monitor, monitorOf, told } from "./callbacks/monitor.js";
import { checkpointName, checkpointsOf } from "./kept.js";

/** What the best checkpoint is called. */
const BEST = "best.safetensors";

type Saver = Required<Omit<Callback, "stop" | "lrScale">> & { readonly epochs: readonly EpochRecord[] };

/** `takesLock`: whether it has to lock the store itself. */
export function newSaver(where: string, options: ReadKeepingOptions, takesLock: boolean): Saver {
  const { store, every, keep, mode } = options;
  const watched =
    options.best === false ? undefined : { monitor: options.best === true ? undefined : options.best, mode };
  let trainer: FittingTrainer;
  let ending = () => false;
  let monitor: Monitor | undefined;
  let kept: CallbackState | undefined;
  let best: number | null = null;
  let epochs: EpochRecord[] = [];
  let release: Release | undefined;
  let savedStep = -1;
  let savedAt = 0;

  const save = async (ofStep: number): Promise<Uint8Array> => {
    const bytes = await trainer.save();
    await store.write(checkpointName(ofStep), bytes);
    savedStep = ofStep;
    savedAt = now();
    // Files of later steps are none that was taken: damaged ones, which this run will come to replace.
    const old = (await checkpointsOf(store)).filter(({ step }) => step <= ofStep).slice(keep);
    for (const { name } of old) await store.delete(name);
    return bytes;
  };
  const isDue = (): boolean =>
    typeof every === "number"
      ? trainer.stepCount % every === 0
      : typeof every === "object" && now() - savedAt >= every.seconds * 1000;
  return {
    name: "checkpoint",
    last: true,
    get epochs() {
      return epochs;
    },
    load(state) {
      kept = state;
      ({ best, epochs } = { best: null, epochs: [], ...state });
    },
    state: () => ({ ...(watched && told(monitor)), best, epochs }),
    async onBegin(fit) {
      ({ trainer, ending } = fit);
      if (watched) monitor = monitorOf(where, watched, fit, kept);
      savedAt = now();
      if (!takesLock) return;
      release = await store.lock?.();
      const [newest] = await checkpointsOf(store);
      if (!newest || newest.step <= trainer.stepCount) return;
      const got = `${newest.name}, after ${trainer.stepCount} steps of the trainer`;
      const hint = "fit({ resume: store }) goes on from there; another run needs a store of its own";
      throw new StoreError(expectation(where, "store", "no checkpoints of a longer training", got, { hint }));
    },
    async onStep() {
      if (ending() || isDue()) await save(trainer.stepCount);
    },
    async onEpoch(record) {
      epochs = [...epochs, record];
      const value = monitor?.of(record) ?? Number.NaN;
      const isBest =
        Number.isFinite(value) && (best === null || (monitor?.mode === "min" ? value < best : value > best));
      if (isBest) best = value;
      const due = ending() || every === "epoch" || isDue();
      const bytes = due ? await save(trainer.stepCount) : isBest ? await trainer.save() : undefined;
      if (isBest && bytes) await store.write(BEST, bytes);
    },
    async onEnd({ stopped }) {
      const over = stopped === "finished" || stopped === "callback";
      if (!over && savedStep !== trainer.stepCount) await save(trainer.stepCount);
    },
    async onClose() {
      await release?.();
      release = undefined;
    },
  };
}
