/** A machine of a cluster: takes parts of steps from the queue, lets its thread compute them, and says that it lives. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import type { Job, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { expectation, RuntimeSupportError } from "../core/errors.js";
import { checked, integer, optional, readOptions, type Schema, text } from "../core/options.js";
import { messageOf } from "../core/thrown.js";
import { decodeError } from "../worker/errors.js";
import { type Answer, type Opened, type Question, sharedSpace, type ThreadData } from "./compute.js";
import type { Computed } from "./part.js";
import { Connections } from "./redis.js";
import type { Beat, PartHeader, Run, StepHeader } from "./run.js";
import { Seals } from "./seal.js";
import { BEAT, expectName, type Keys, keysOf, LIFETIME, MOST, type PartId, QUEUE, readSecret } from "./settings.js";
import { Values } from "./values.js";

export interface ServeWorkerOptions {
  /** Of the cluster. Default "default". */
  name?: string;
  /** Default the environment's `RESNET_WASM_REDIS`, else `redis://127.0.0.1:6379`. */
  redis?: string;
  /** The folder in which this machine's data lies. Default: where the process runs. */
  data?: string;
  /** Default "auto": all cores. */
  threads?: number | "auto";
  /** Hears what happens, in lines. Default: nothing. */
  log?: (line: string) => void;
  /** Leaves the cluster after the part at work. */
  signal?: AbortSignal;
}

const isLog = (value: unknown): value is (line: string) => void => typeof value === "function";
const isSignal = (value: unknown): value is AbortSignal => value instanceof AbortSignal;

const schema = () =>
  ({
    name: optional(text, "default"),
    redis: optional(text),
    data: optional(text, "."),
    threads: optional(
      (where, name, value) => (value === "auto" ? "auto" : integer({ min: 1, max: 64 })(where, name, value as number)),
      "auto" as number | "auto",
    ),
    log: optional(checked("a function", isLog), () => {}),
    signal: optional(checked("an AbortSignal", isSignal)),
  }) satisfies Schema<ServeWorkerOptions>;

/** The thread that computes, as the runtime starts it. */
export interface ComputeThread {
  post(question: Question): void;
  listen(received: (answer: Answer) => void, ended: (reason: string) => void): void;
  terminate(): Promise<unknown>;
}

const BUNDLED =
  "Bundlers do not see its file: leave resnet-wasm/cluster out of the bundle, or run npx resnet-wasm worker";

export type StartCompute = (data: ThreadData) => ComputeThread;

/** Asks the thread, and waits for its answers. */
class Computing {
  readonly #thread: ComputeThread;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>();
  #next = 0;
  /** Settles when the thread has ended by itself. */
  readonly ended: Promise<string>;

  constructor(thread: ComputeThread) {
    this.#thread = thread;
    this.ended = new Promise((settle) => {
      thread.listen(
        (answer) => {
          const { resolve, reject } = this.#waiting.get(answer.id) ?? {};
          this.#waiting.delete(answer.id);
          if ("error" in answer) reject?.(decodeError(answer.error));
          else resolve?.(answer.value as never);
        },
        (reason) => {
          for (const { reject } of this.#waiting.values()) reject(new Error(reason));
          settle(reason);
        },
      );
    });
  }

  #ask<T>(question: Omit<Question, "id">): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.post({ ...question, id } as Question);
    });
  }

  open = (run: Run): Promise<Opened> => this.#ask({ ask: "open", run } as never);

  /** What it gives is overwritten by the next. */
  part = (shard: number, step?: { header: StepHeader; payload: Uint8Array }): Promise<Computed> =>
    this.#ask({ ask: "part", shard, ...(step && { step }) } as never);

  terminate = () => this.#thread.terminate();
}

class Machine {
  readonly #connections: Connections;
  readonly #keys: Keys;
  readonly #seals: Seals;
  readonly #computing: Computing;
  readonly #log: (line: string) => void;
  readonly #client: Redis;
  /** Values are large: signs of life do not queue up after them. */
  readonly #values: Values;
  readonly #worker: Worker;
  readonly #beat: Beat;
  /** What stands under the key of the run, as it was last read. */
  #sealedRun = "";
  #run: Run | undefined;
  #opened: Opened | undefined;
  #refreshing: Promise<void> | undefined;
  /** The step that the thread has. */
  #step: { step: number; seal: string } | undefined;
  #running = false;
  #space: Uint8Array = new Uint8Array(0);

  constructor(
    connections: Connections,
    name: string,
    secret: string,
    computing: Computing,
    log: (line: string) => void,
  ) {
    this.#connections = connections;
    this.#keys = keysOf(name);
    this.#seals = new Seals(secret, name);
    this.#computing = computing;
    this.#log = log;
    this.#client = connections.client();
    this.#values = new Values(connections.client(), this.#seals);
    const id = `${hostname().slice(0, 48)}-${process.pid}-${randomUUID().slice(0, 8)}`;
    const { arch } = process;
    this.#beat = { id, beat: 0, run: null, digests: null, relaxedSimd: false, threads: 0, arch, at: null };
    this.#worker = new connections.bullmq.Worker(QUEUE, (job) => this.#part(job), {
      connection: connections.client(),
      prefix: this.#keys.prefix,
      autorun: false,
      concurrency: 1,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    // A job that Redis has lost cannot be finished: it is handed out again.
    this.#worker.on("error", (error) => this.#log(`queue: ${messageOf(error)}`));
  }

  get id(): string {
    return this.#beat.id;
  }

  async #tell(): Promise<void> {
    this.#beat.beat++;
    const sealed = this.#seals.write("beat", this.#beat);
    await this.#client.pipeline().hset(this.#keys.beats, this.id, sealed).pexpire(this.#keys.beats, LIFETIME).exec();
  }

  #sign(): void {
    this.#tell().catch((error) => this.#log(`beat: ${messageOf(error)}`));
  }

  /** Looks whether another training has begun, and prepares for it. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readRun().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #readRun(): Promise<void> {
    const { run: key } = this.#keys;
    const length = await this.#client.strlen(key);
    if (length === 0) return;
    const sealed = length > MOST.run ? "" : ((await this.#client.get(key)) ?? "");
    if (sealed === this.#sealedRun && length <= MOST.run) return;
    const refuse = (run: string, error: unknown) => {
      const message = messageOf(error).slice(0, 600);
      this.#log(`refused: ${message}`);
      Object.assign(this.#beat, { run: null, refusal: { run, message } });
    };
    this.#sealedRun = sealed;
    this.#run = this.#opened = this.#step = undefined;
    this.#beat.run = null;
    delete this.#beat.refusal;
    let run: Run | undefined;
    try {
      run = this.#seals.read<Run>("run", sealed, MOST.run);
      this.#log(`training ${run.run.slice(0, 8)}: opening model and data`);
      const opened = await this.#computing.open(run);
      [this.#run, this.#opened] = [run, opened];
      const { digests, relaxedSimd, threads } = opened;
      Object.assign(this.#beat, { run: run.run, digests, relaxedSimd, threads });
      await this.#tell();
      this.#log(`training ${run.run.slice(0, 8)}: ready, ${threads === 1 ? "1 thread" : `${threads} threads`}`);
      if (!this.#running) {
        this.#running = true;
        this.#worker.run().catch((error) => this.#log(`queue: ${messageOf(error)}`));
      } else this.#worker.resume();
    } catch (error) {
      refuse(run?.run ?? "", error);
      if (this.#running) await this.#worker.pause(true); // not waiting for a part that may be the one that asked
    }
  }

  /** Where a step is read to: one at a time. */
  #spaceFor(bytes: number): Uint8Array {
    if (this.#space.byteLength < bytes) this.#space = sharedSpace(bytes);
    return this.#space.subarray(0, bytes);
  }

  /** What becomes of a job; a job that is no longer wanted is done. */
  async #part({ data }: Job): Promise<"done" | "stale"> {
    const id = this.#seals.read<PartId>("job", Object(data).sealed, MOST.message);
    if (id.run !== this.#run?.run) await this.#refresh();
    const opened = this.#opened;
    if (!opened || id.run !== this.#run?.run) return "stale";
    const { run, step, shard, attempt } = id;
    this.#beat.at = { step, shard, attempt };
    this.#sign();
    const begun = performance.now();
    try {
      const key = this.#keys.step(run, step);
      const value =
        this.#step?.step === step
          ? undefined
          : await this.#values.take<StepHeader>(key, 4 * MOST.samples + opened.stateBytes, (bytes) =>
              this.#spaceFor(bytes),
            );
      if (value) this.#step = undefined;
      else if (this.#step?.step !== step) return "stale";
      const header: Pick<PartHeader, "loss" | "weight" | "finite"> = { loss: 0, weight: 0, finite: false };
      let values: Uint8Array = new Uint8Array(0);
      let error: PartHeader["error"];
      try {
        const computed = await this.#computing.part(shard, value);
        if (value) this.#step = { step, seal: value.seal };
        values = computed.values;
        Object.assign(header, { loss: computed.loss, weight: computed.weight, finite: computed.finite });
      } catch (thrown) {
        const { name, message } = thrown instanceof Error ? thrown : new Error(messageOf(thrown));
        error = { name, message: message.slice(0, 600) };
        this.#log(`step ${step}, part ${shard}: ${message}`);
      }
      const of = this.#step?.seal ?? value?.seal ?? "";
      const told: PartHeader = {
        ...header,
        worker: this.id,
        of,
        ms: performance.now() - begun,
        ...(error && { error }),
      };
      const sealed = this.#values.seal(this.#keys.part(id), told, values);
      await this.#values.put(sealed);
      this.#values.release(sealed);
      return "done";
    } finally {
      this.#beat.at = null;
    }
  }

  /** Serves until the signal, or until the thread ends. */
  async serve(signal: AbortSignal | undefined): Promise<void> {
    this.#log(`${this.id} at ${this.#connections.address}`);
    let stopped = false;
    const stop = new Promise<undefined>((settle) => {
      signal?.addEventListener("abort", () => settle(undefined));
      if (signal?.aborted) settle(undefined);
    });
    const beating = setInterval(() => this.#sign(), BEAT);
    const looking = setInterval(() => {
      if (!stopped) this.#refresh().catch((error) => this.#log(messageOf(error)));
    }, BEAT);
    try {
      const reason = await Promise.race([stop, this.#computing.ended]);
      if (reason !== undefined) {
        const hint = /find module|ENOENT|not found/i.test(reason) ? BUNDLED : undefined;
        throw new RuntimeSupportError(expectation("serveWorker", "thread", "one that lives", reason, { hint }));
      }
    } finally {
      stopped = true;
      clearInterval(looking);
      if (this.#running) await this.#worker.close();
      clearInterval(beating);
      await Promise.race([this.#client.hdel(this.#keys.beats, this.id), new Promise((done) => setTimeout(done, 500))]);
      await this.#computing.terminate();
      this.#connections.close();
    }
  }
}

/** `serveWorker` of an entry point, by the runtime's way of starting threads. */
export const workerServer =
  (start: StartCompute) =>
  async (options?: ServeWorkerOptions): Promise<void> => {
    const where = "serveWorker";
    const { name, redis, data, threads, log, signal } = readOptions(where, options, schema);
    const secret = readSecret(where);
    expectName(where, name);
    const connections = await Connections.open(where, redis);
    const computing = new Computing(start({ data: resolve(data), threads }));
    await new Machine(connections, name, secret, computing, log).serve(signal);
  };
