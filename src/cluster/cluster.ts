/** Training on many machines: what a program opens, and gives its trainer. */
import { resolve } from "node:path";
import { expectation, ResnetWasmError } from "../core/errors.js";
import { checked, number, optional, readOptions, type Schema, text } from "../core/options.js";
import type { ClassDataset, Dataset, ValueDataset } from "../data/dataset.js";
import type { Model } from "../model/model.js";
import { Coordinator } from "./coordinator.js";
import type { ClusterEvent, WorkerInfo } from "./events.js";
import { type DatasetName, datasetDigest, openNamed } from "./named.js";
import type { Named } from "./recipe.js";
import { Connections } from "./redis.js";
import { expectName, readSecret } from "./settings.js";
import { ClusterTrainer, type ClusterTrainerOptions } from "./trainer.js";

/** Where the machines meet. The secret and Redis' password come by the environment. */
export interface ClusterOptions {
  /** Machines of the same name work together, on one training at a time. Default "default". */
  name?: string;
  /** Default the environment's `RESNET_WASM_REDIS`, else `redis://127.0.0.1:6379`. */
  redis?: string;
  /** The folder in which this machine's data lies. Default: where the process runs. */
  data?: string;
  /** Seconds that `fit` waits for a first worker, or for another when all are lost. Default 60. */
  patience?: number;
  /** Hears what happens. Default: nothing. */
  onEvent?: (event: ClusterEvent) => void;
}

const isListener = (value: unknown): value is (event: ClusterEvent) => void => typeof value === "function";

const schema = () =>
  ({
    name: optional(text, "default"),
    redis: optional(text),
    data: optional(text, "."),
    patience: number({ min: 1, max: 86_400, default: 60 }),
    onEvent: optional(checked("a function", isListener), () => {}),
  }) satisfies Schema<ClusterOptions>;

/**
 * Machines that train together; made by `openCluster`.
 *
 * @example
 * const cluster = await openCluster({ redis: "redis://localhost:6379" });
 * console.log(cluster.workers());
 * await cluster.close();
 */
export class Cluster {
  readonly #coordinator: Coordinator;
  readonly #data: string;
  readonly #named = new WeakMap<Dataset, Named>();
  #isOpen = true;

  /** @internal */
  constructor(coordinator: Coordinator, data: string) {
    this.#coordinator = coordinator;
    this.#data = data;
  }

  #expectOpen(where: string): void {
    if (!this.#isOpen) throw new ResnetWasmError(expectation(where, "cluster", "open", "closed"));
  }

  /**
   * A dataset that every machine opens by the same name in its own folder of data, and compares by a digest of its samples. It is
   * a `Dataset` like any other: `augment`, `subset`, `normalise` and `fit({ mix })` of this library may stand around it.
   *
   * ```ts
   * const train = await cluster.dataset({ module: "data.js", export: "train" });
   * ```
   */
  async dataset<D extends Dataset = ClassDataset | ValueDataset>(name: DatasetName): Promise<D> {
    const where = "cluster.dataset";
    this.#expectOpen(where);
    const dataset = await openNamed(where, name, this.#data);
    this.#named.set(dataset, { name, digest: await datasetDigest(where, dataset) });
    return dataset as D;
  }

  /**
   * A trainer for a model of this process, with the options and methods of `createTrainer`; `accumulate` is the number of parts into which
   * each step is cut. `fit` lets the workers compute them, on a dataset of `cluster.dataset`; all else runs here. Weights,
   * checkpoints and history are those of `createTrainer` with the same options, to the bit.
   */
  trainer(model: Model, options: ClusterTrainerOptions): ClusterTrainer {
    this.#expectOpen("cluster.trainer");
    return new ClusterTrainer(model, options, {
      coordinator: this.#coordinator,
      find: (dataset) => this.#named.get(dataset),
      expectOpen: (where) => this.#expectOpen(where),
    });
  }

  /** Who takes part, and who was refused and why. */
  workers(): WorkerInfo[] {
    return this.#coordinator.list();
  }

  /** Leaves Redis. Workers wait for the next training. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#coordinator.close();
  }
}

/**
 * Opens a cluster as its coordinator: the process that holds the model. Throws `ArgumentError` where the environment has no secret,
 * `RuntimeSupportError` where Redis does not answer or `bullmq` and `ioredis` are not installed, `ResnetWasmError` where another
 * process coordinates a cluster of that name.
 *
 * ```ts
 * const cluster = await openCluster({ name: "cifar" });
 * const trainer = cluster.trainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }), accumulate: 4 });
 * await trainer.fit(await cluster.dataset({ module: "data.js" }), { batchSize: 32 });
 * await cluster.close();
 * ```
 *
 * @example
 * const cluster = await openCluster({ redis: "redis://localhost:6379" });
 */
export async function openCluster(options?: ClusterOptions): Promise<Cluster> {
  const where = "openCluster";
  const { name, redis, data, patience, onEvent } = readOptions(where, options, schema);
  expectName(where, name);
  const secret = readSecret(where);
  const connections = await Connections.open(where, redis);
  const coordinator = new Coordinator(connections, { name, secret, patience: 1000 * patience }, onEvent);
  try {
    await coordinator.begin(where);
  } catch (error) {
    await coordinator.close();
    throw error;
  }
  return new Cluster(coordinator, resolve(data));
}
