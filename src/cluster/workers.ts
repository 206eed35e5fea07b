/** Who takes part: workers by their signs of life, as the coordinator hears them. */
import type { Redis } from "ioredis";
import { messageOf } from "../core/thrown.js";
import type { ClusterEvent, WorkerInfo } from "./events.js";
import { type Beat, difference, type Run } from "./run.js";
import type { Seals } from "./seal.js";
import { type Keys, LOST, MOST } from "./settings.js";

interface Known {
  beat: Beat;
  /** When it was first heard, by this machine's clock. */
  heard: number;
  alive: boolean;
  refusal: string | undefined;
}

/** All signs of life that are short enough, and no more than so many: whatever somebody has put there. */
const READ = `
local all, found = redis.call("HGETALL", KEYS[1]), {}
for i = 1, #all, 2 do
  if #all[i] <= 128 and #all[i + 1] <= tonumber(ARGV[1]) and #found < 2 * tonumber(ARGV[2]) then
    found[#found + 1] = all[i]
    found[#found + 1] = all[i + 1]
  end
end
return found`;

export class Workers {
  readonly #client: Redis;
  readonly #keys: Keys;
  readonly #seals: Seals;
  readonly #known = new Map<string, Known>();
  readonly #parts = new Map<string, number>();
  /** Who has another secret; each is told of once. */
  readonly #strangers = new Set<string>();
  readonly #raw = new Map<string, string>();
  readonly #tell: (event: ClusterEvent) => void;

  constructor(client: Redis, keys: Keys, seals: Seals, tell: (event: ClusterEvent) => void) {
    this.#client = client;
    this.#keys = keys;
    this.#seals = seals;
    this.#tell = tell;
  }

  /** Listens once. */
  async listen(training: Run | undefined): Promise<void> {
    const asked = performance.now();
    const found = (await this.#client.call("EVAL", READ, 1, this.#keys.beats, MOST.message, MOST.workers)) as string[];
    const now = performance.now();
    // While Redis stood still nobody could be heard.
    if (now - asked > LOST) for (const known of this.#known.values()) known.heard = now;
    const forgotten = new Set(this.#raw.keys());
    for (let i = 0; i < found.length; i += 2) {
      const [id, sealed] = [found[i], found[i + 1]];
      forgotten.delete(id);
      if (this.#raw.get(id) === sealed) continue;
      this.#raw.set(id, sealed);
      this.#hear(id, sealed, now);
    }
    for (const id of forgotten) this.#raw.delete(id);
    for (const [id, known] of this.#known) this.#judge(id, known, now, training);
  }

  #hear(id: string, sealed: string, now: number): void {
    try {
      const beat = this.#seals.read<Beat>("beat", sealed, MOST.message);
      const known = this.#known.get(id);
      if (beat.id !== id || (known && beat.beat <= known.beat.beat)) return;
      if (known) Object.assign(known, { beat, heard: now });
      else this.#known.set(id, { beat, heard: now, alive: false, refusal: undefined });
    } catch (error) {
      if (this.#strangers.has(id) || this.#strangers.size >= MOST.workers) return;
      this.#strangers.add(id);
      this.#tell({ type: "refused", worker: id.replace(/[^\w.-]/g, "?"), reason: messageOf(error) });
    }
  }

  #judge(id: string, known: Known, now: number, training: Run | undefined): void {
    const { run, digests } = training ?? {};
    const { beat, heard } = known;
    const lives = now - heard < LOST;
    const differs = digests && beat.digests && beat.run === run ? difference(digests, beat.digests) : null;
    const refusal =
      run === undefined
        ? undefined
        : beat.refusal && (beat.refusal.run === run || beat.refusal.run === "")
          ? beat.refusal.message
          : differs
            ? `${differs.name} expected ${differs.ours}, got ${differs.theirs}`
            : beat.relaxedSimd
              ? "relaxedSimd expected off, as bits differ between machines, got on"
              : undefined;
    if (refusal !== undefined && refusal !== known.refusal)
      this.#tell({ type: "refused", worker: id, reason: refusal });
    known.refusal = refusal;
    const alive = lives && refusal === undefined && run !== undefined && beat.run === run;
    if (alive !== known.alive && (alive || !lives)) this.#tell({ type: alive ? "joined" : "lost", worker: id });
    known.alive = alive;
    if (now - heard < 60 * LOST) return;
    this.#known.delete(id);
    this.#client.hdel(this.#keys.beats, id).catch(() => {}); // a field that stays is passed over again
  }

  /** Whether a worker that takes part says that it computes a part. */
  isHeld(step: number, shard: number): boolean {
    for (const { alive, beat } of this.#known.values())
      if (alive && beat.at?.step === step && beat.at.shard === shard) return true;
    return false;
  }

  /** Whether results of a worker that was heard are taken. What it was last heard of may be of the training before. */
  isAdmitted(id: string): boolean {
    return this.#known.get(id)?.refusal === undefined;
  }

  /** Whether it was heard. */
  isKnown(id: string): boolean {
    return this.#known.has(id);
  }

  /** A part was accepted. */
  count(id: string): void {
    this.#parts.set(id, (this.#parts.get(id) ?? 0) + 1);
  }

  get alive(): number {
    return [...this.#known.values()].filter(({ alive }) => alive).length;
  }

  list(): WorkerInfo[] {
    return [...this.#known].map(([id, { beat, alive, refusal }]) => ({
      ...{ id, threads: beat.threads, arch: beat.arch, parts: this.#parts.get(id) ?? 0, ready: alive },
      ...(refusal !== undefined && { refusal }),
    }));
  }
}
