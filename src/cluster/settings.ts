/** Where a cluster meets: names, the places of its keys, what the environment says, and how long things take and last. */
import process from "node:process";
import { ArgumentError, expectation } from "../core/errors.js";

/** Variables of the environment; secrets and passwords come by these alone, as arguments stand in lists of processes. */
export const ENVIRONMENT = {
  secret: "RESNET_WASM_SECRET",
  redis: "RESNET_WASM_REDIS",
  username: "RESNET_WASM_REDIS_USERNAME",
  password: "RESNET_WASM_REDIS_PASSWORD",
} as const;

/** Milliseconds between the signs of life of a worker. */
export const BEAT = 300;

/**
 * A worker of which nothing new was heard for so long is dead: three beats. With one tick to see it, a death costs at most
 * BEAT + LOST + TICK = 1.5 s, and the part of the step that was lost.
 */
export const LOST = 1000;

/** Milliseconds between looks at workers, keys and parts that are awaited. */
export const TICK = 200;

/** After so long a part that nobody holds, and that does not wait in the queue, is handed out again. */
export const GRACE = 700;

/** Milliseconds that values and keys last where nobody renews them. */
export const LIFETIME = 60_000;

/** A coordinator that was killed leaves its place after this. */
export const PLACE = 4000;

/** Bytes: of a message, of the description of a training, of a value's header, and of each part that a long value is put in. */
export const MOST = { message: 8192, run: 2 ** 24, header: 4096, chunk: 2 ** 24, samples: 2 ** 20, workers: 1024 };

/** BullMQ's queue. */
export const QUEUE = "parts";

/** The keys of a cluster. In braces, so that Redis Cluster keeps them in one place. */
export function keysOf(name: string) {
  const prefix = `{resnet-wasm:${name}}`;
  return {
    prefix,
    /** What is trained: one at a time. */
    run: `${prefix}:run`,
    /** Who coordinates. */
    place: `${prefix}:place`,
    /** Signs of life by worker. */
    beats: `${prefix}:beats`,
    step: (run: string, step: number) => `${prefix}:step:${run}:${step}`,
    part: ({ run, step, shard, attempt }: PartId) => `${prefix}:part:${run}:${step}:${shard}:${attempt}`,
  };
}

export type Keys = ReturnType<typeof keysOf>;

/** A part of a step, and how often it has been handed out before. */
export interface PartId {
  run: string;
  /** Counts the batches of a run. */
  step: number;
  shard: number;
  attempt: number;
}

/** BullMQ lets no colon into names of jobs. */
export const jobId = ({ run, step, shard, attempt }: PartId): string => `${run}-${step}-${shard}-${attempt}`;

/** Throws `ArgumentError` on a name that is none for keys and queues. */
export function expectName(where: string, name: string): string {
  if (/^[\w.-]{1,64}$/.test(name)) return name;
  throw new ArgumentError(expectation(where, "name", "at most 64 letters, digits, dots, dashes", name));
}

/** The secret that all machines share. */
export function readSecret(where: string): string {
  const secret = process.env[ENVIRONMENT.secret] ?? "";
  if (secret.length >= 16) return secret;
  const hint = `Make one: export ${ENVIRONMENT.secret}=$(openssl rand -hex 32), the same on every machine`;
  const got = secret === "" ? "none" : `${secret.length} characters`;
  throw new ArgumentError(
    expectation(where, `environment variable ${ENVIRONMENT.secret}`, "at least 16 characters", got, { hint }),
  );
}
