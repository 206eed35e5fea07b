/** The coordinator's side of Redis: hands out the parts of a step, and again where somebody is lost, and takes what comes back. */
import { randomBytes } from "node:crypto";
import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import { expectation, FormatError, ResnetWasmError, RuntimeSupportError } from "../core/errors.js";
import { messageOf } from "../core/thrown.js";
import type { ClusterEvent, WorkerInfo } from "./events.js";
import type { Connections } from "./redis.js";
import { Round, type Taken } from "./round.js";
import type { PartHeader, Run, StepHeader } from "./run.js";
import { Seals } from "./seal.js";
import { GRACE, jobId, type Keys, keysOf, LIFETIME, MOST, PLACE, QUEUE, TICK } from "./settings.js";
import { Spare, Values } from "./values.js";
import { Workers } from "./workers.js";

/** How often a part may come back wrong before the training ends. */
const ATTEMPTS = 5;

/** Sets the place, or renews it, unless another coordinator has it. */
const TAKE_PLACE = `
local held = redis.call("GET", KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return ARGV[1]`;

export class Coordinator {
  readonly #id = randomBytes(16).toString("hex");
  readonly workers: Workers;
  readonly #connections: Connections;
  readonly #keys: Keys;
  readonly #seals: Seals;
  readonly #client: Redis;
  readonly #values: Values;
  /** For what parts come to. */
  readonly #spare = new Spare();
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #tell: (event: ClusterEvent) => void;
  /** Milliseconds to wait for a worker. */
  readonly #patience: number;
  #description: { of: object; sealed: string; run: Run } | undefined;
  #round: Round | undefined;
  #rounds = 0;
  #open = true;
  #loop: Promise<void> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  /** When a worker was last known to be there. */
  #lastWorker = 0;
  #toldWaiting = false;

  constructor(
    connections: Connections,
    { name, secret, patience }: { name: string; secret: string; patience: number },
    tell: (event: ClusterEvent) => void,
  ) {
    this.#connections = connections;
    this.#keys = keysOf(name);
    this.#seals = new Seals(secret, name);
    this.#tell = tell;
    this.#patience = patience;
    this.#client = connections.client();
    this.#values = new Values(connections.client(), this.#seals);
    const { prefix } = this.#keys;
    const streams = { events: { maxLen: 1000 } };
    this.#queue = new connections.bullmq.Queue(QUEUE, { connection: connections.client(), prefix, streams });
    this.#events = new connections.bullmq.QueueEvents(QUEUE, { connection: connections.client(), prefix });
    const remember = (error: Error) => {
      connections.lastError = messageOf(error);
    };
    this.#queue.on("error", remember);
    this.#events.on("error", remember);
    this.#events.on("completed", ({ jobId: job, returnvalue }) => {
      const part = this.#round?.find(job);
      if (part && String(returnvalue).includes("done")) this.#take(part.shard, part.attempt);
    });
    this.workers = new Workers(this.#client, this.#keys, this.#seals, tell);
  }

  /** Takes the place of a coordinator, which one at a time may have. Waits for that of one that was killed. */
  async begin(where: string): Promise<void> {
    await this.#connections.expectAnswer(where, this.#client);
    for (const begun = performance.now(); !(await this.#takePlace()); await sleep(TICK))
      if (performance.now() - begun > PLACE + 2000) {
        const hint = "Give each training a name of its own: openCluster({ name })";
        throw new ResnetWasmError(expectation(where, "cluster", "no other coordinator", "one at work", { hint }));
      }
    await this.#queue.waitUntilReady();
    await this.#events.waitUntilReady();
    await this.#queue.drain();
    await this.#client.del(this.#keys.run);
    this.#loop = this.#tick();
    // Not in the loop, which waits for Redis.
    this.#watch = setInterval(() => this.#expectWorkers(), TICK);
  }

  async #takePlace(): Promise<boolean> {
    return (await this.#client.call("EVAL", TAKE_PLACE, 1, this.#keys.place, this.#id, PLACE)) === this.#id;
  }

  /** Whether what is told is of this trainer. */
  isDescribedBy(trainer: object): boolean {
    return this.#description?.of === trainer;
  }

  /** Tells all machines what is trained: by a name of its own, so that nobody takes a part for one of another. */
  async describe(of: object, told: Omit<Run, "run">): Promise<void> {
    await this.cancel();
    const run: Run = { ...told, run: randomBytes(16).toString("hex") };
    const sealed = this.#seals.write("run", run);
    if (sealed.length > MOST.run) {
      const hint = "Indices of a subset count: let the module make it";
      throw new FormatError(
        expectation("cluster", "training", `a description of at most ${MOST.run} characters`, sealed.length, { hint }),
      );
    }
    this.#description = { of, sealed, run };
    await this.#client.set(this.#keys.run, sealed, "PX", LIFETIME);
  }

  /** Hands out a step. `bytes` is how long a part's payload is. */
  async hand(header: StepHeader, payload: Uint8Array, bytes: number): Promise<Round> {
    await this.cancel();
    const { run } = this.#description?.run ?? {};
    if (run === undefined) throw new ResnetWasmError(expectation("cluster", "training", "described", "none"));
    const step = this.#rounds++;
    const key = this.#keys.step(run, step);
    const round = new Round({ run, step, header, bytes, value: this.#values.seal(key, header, payload) });
    this.#round = round;
    this.#lastWorker = performance.now();
    await this.#values.put(round.value);
    await this.#publish(round, [...round.parts.keys()]);
    return round;
  }

  async #publish(round: Round, shards: readonly number[]): Promise<void> {
    const jobs = shards.map((shard) => {
      const id = round.begin(shard, performance.now());
      const sealed = this.#seals.write("job", id);
      return { name: "part", data: { sealed }, opts: { jobId: jobId(id), removeOnComplete: true, removeOnFail: true } };
    });
    await this.#queue.addBulk(jobs);
  }

  /** Gives up the step at work. */
  async cancel(): Promise<void> {
    const round = this.#round;
    this.#round = undefined;
    if (!round) return;
    round.end(new Error("given up"));
    await this.#values.remove(round.value.key, round.value.chunks.length * MOST.chunk);
  }

  /** The step is done: its values are not needed any more. */
  finish(round: Round): void {
    if (this.#round !== round) return;
    for (const { taken } of round.parts) if (taken) this.#spare.give(taken.values);
    this.cancel().then(
      () => this.#values.release(round.value),
      (error) => {
        this.#connections.lastError = messageOf(error); // they have a lifetime
      },
    );
  }

  #take(shard: number, attempt: number): void {
    const round = this.#round;
    if (!round?.isAwaited(shard)) return;
    this.#read(round, shard, attempt).catch((error) => this.#refuse(round, shard, attempt, messageOf(error)));
  }

  async #read(round: Round, shard: number, attempt: number): Promise<void> {
    const key = this.#keys.part({ run: round.run, step: round.step, shard, attempt });
    const value = await this.#values.take<PartHeader>(key, round.bytes, (bytes) => this.#spare.take(bytes));
    if (!value || !round.isAwaited(shard)) return; // the first one counts
    this.#values.remove(key, round.bytes).catch((error) => {
      this.#connections.lastError = messageOf(error); // it has a lifetime
    });
    if (!this.workers.isKnown(value.header.worker)) await this.workers.listen(this.#description?.run);
    if (!round.isAwaited(shard)) return;
    const { header, payload } = value;
    const { worker, of, finite, error, loss, weight, ms } = header;
    const refusal = !this.workers.isAdmitted(worker)
      ? "of a worker that was refused"
      : error
        ? `${error.name}: ${error.message}`
        : of !== round.value.seal
          ? "of other weights"
          : finite && payload.byteLength !== round.bytes
            ? `expected ${round.bytes} bytes, got ${payload.byteLength}`
            : undefined;
    if (refusal !== undefined) return this.#refuse(round, shard, attempt, `part ${shard} by ${worker}: ${refusal}`);
    const taken: Taken = { loss, weight, finite, values: payload };
    round.accept(shard, taken);
    this.workers.count(worker);
    this.#tell({ type: "part", worker, step: round.step, shard, ms });
  }

  #refuse(round: Round, shard: number, attempt: number, reason: string): void {
    if (!round.isAwaited(shard) || round.parts[shard].attempt !== attempt) return;
    round.parts[shard].refused++;
    if (round.parts[shard].refused >= ATTEMPTS) {
      round.end(new ResnetWasmError(expectation("fit", `part ${shard}`, "computed by a worker", reason)));
      return;
    }
    this.#again(round, [shard], reason).catch((error) => {
      this.#connections.lastError = messageOf(error); // the next tick hands it out
    });
  }

  async #again(round: Round, shards: readonly number[], reason: string): Promise<void> {
    for (const shard of shards) this.#tell({ type: "again", step: round.step, shard, reason });
    await this.#publish(round, shards);
  }

  async #tick(): Promise<void> {
    for (; this.#open; await sleep(TICK)) {
      try {
        await this.#look();
      } catch (error) {
        this.#connections.lastError = messageOf(error);
      }
    }
  }

  async #look(): Promise<void> {
    if (!(await this.#takePlace())) {
      this.#round?.end(
        new ResnetWasmError(expectation("fit", "cluster", "to be coordinated by this process", "another one")),
      );
      return;
    }
    const description = this.#description;
    await this.workers.listen(description?.run);
    if (this.workers.alive > 0) this.#lastWorker = performance.now();
    if (description && (await this.#client.pexpire(this.#keys.run, LIFETIME)) === 0)
      await this.#client.set(this.#keys.run, description.sealed, "PX", LIFETIME);
    const round = this.#round;
    if (!round) return;
    if (!(await this.#values.renew(round.value))) {
      if (round !== this.#round) return;
      await this.#values.put(round.value);
      this.#tell({ type: "restored" });
    }
    for (const shard of round.awaited()) await this.#lookAt(round, shard);
  }

  /** Hands a part out again that nobody holds. */
  async #lookAt(round: Round, shard: number): Promise<void> {
    const { attempt, begun } = round.parts[shard];
    if (performance.now() - begun < GRACE || this.workers.isHeld(round.step, shard)) return;
    const state = await this.#queue.getJobState(jobId({ run: round.run, step: round.step, shard, attempt }));
    if (/^(waiting|prioritized|delayed)$/.test(state)) return;
    await this.#read(round, shard, attempt); // an event may be lost
    if (this.#round !== round || !round.isAwaited(shard) || round.parts[shard].attempt !== attempt) return;
    await this.#again(round, [shard], state === "active" ? "its worker is lost" : "it is lost");
  }

  #expectWorkers(): void {
    const round = this.#round;
    if (!round) return;
    const waited = performance.now() - this.#lastWorker;
    if (waited > 10 * TICK && !this.#toldWaiting) {
      this.#toldWaiting = true;
      this.#tell({ type: "waiting" });
    }
    if (waited < 10 * TICK) this.#toldWaiting = false;
    if (waited < this.#patience) return;
    const refused = this.workers.list().flatMap(({ id, refusal }) => (refusal ? [`${id}: ${refusal}`] : []));
    const got = refused.length > 0 ? `none but ${refused.slice(0, 3).join("; ")}` : "none";
    const hint = `On each machine: npx resnet-wasm worker. Redis at ${this.#connections.address} said last: ${this.#connections.lastError}`;
    round.end(
      new RuntimeSupportError(
        expectation("fit", "workers", `one within ${Math.round(this.#patience / 1000)} s`, got, { hint }),
      ),
    );
  }

  list(): WorkerInfo[] {
    return this.workers.list();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#watch);
    this.#round?.end(new ResnetWasmError(expectation("fit", "cluster", "open", "closed")));
    this.#round = undefined;
    const leave = async () => {
      await this.#loop;
      await this.#client.del(this.#keys.place, this.#keys.run);
      await this.#events.close();
      await this.#queue.close();
    };
    await Promise.race([leave().catch(() => {}), sleep(2000)]); // keys have a lifetime
    this.#connections.close();
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
