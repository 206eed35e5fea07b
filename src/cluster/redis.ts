/** Redis and BullMQ, which the package asks for where a cluster is opened, and no earlier. */
import process from "node:process";
import type * as BullMQ from "bullmq";
import type { Redis } from "ioredis";
import { ArgumentError, expectation, RuntimeSupportError } from "../core/errors.js";
import { codeOf, messageOf } from "../core/thrown.js";
import { ENVIRONMENT } from "./settings.js";

/** The address where neither option nor environment name one. */
const HERE = "redis://127.0.0.1:6379";

/** Milliseconds in which Redis answers whoever opens a cluster. */
const PATIENCE = 10_000;

export type Queues = Pick<typeof BullMQ, "Queue" | "QueueEvents" | "Worker">;

/** Throws `RuntimeSupportError` where a peer dependency is not installed. */
async function installed<T>(where: string, name: string, part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (cause) {
    if (!/MODULE_NOT_FOUND$/.test(String(codeOf(cause)))) throw cause;
    const hint = "npm install bullmq ioredis";
    throw new RuntimeSupportError(expectation(where, name, "installed", "no such package", { hint }), { cause });
  }
}

/** Connections to one Redis. */
export class Connections {
  readonly bullmq: Queues;
  /** Without user and password. */
  readonly address: string;
  readonly #open: () => Redis;
  readonly #clients: Redis[] = [];
  /** What went wrong last, for those who wait in vain. */
  lastError = "no answer";

  private constructor(bullmq: Queues, address: string, open: () => Redis) {
    this.bullmq = bullmq;
    this.address = address;
    this.#open = open;
  }

  static async open(where: string, given: string | undefined): Promise<Connections> {
    const { url, address } = readAddress(where, given);
    const { Redis } = await installed(where, "ioredis", import("ioredis"));
    const bullmq = await installed(where, "bullmq", import("bullmq"));
    const { [ENVIRONMENT.username]: username, [ENVIRONMENT.password]: password } = process.env;
    const options = {
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      maxRetriesPerRequest: null, // commands wait for a Redis that comes back
      retryStrategy: (times: number) => Math.min(50 * times, 500),
    };
    return new Connections(bullmq, address, () => new Redis(url, options));
  }

  /** A connection of its own. */
  client(): Redis {
    const client = this.#open();
    client.on("error", (error) => {
      this.lastError = messageOf(error) || String(codeOf(error));
    });
    this.#clients.push(client);
    return client;
  }

  /** Throws `RuntimeSupportError` where Redis does not answer. */
  async expectAnswer(where: string, client: Redis): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), PATIENCE);
    });
    const answer = await Promise.race([client.ping(), late]);
    clearTimeout(timer);
    if (answer !== "late") return;
    const hint = "Debian: apt install redis-server; macOS: brew install redis; anywhere: docker run -p 6379:6379 redis";
    throw new RuntimeSupportError(
      expectation(where, "redis", `an answer from ${this.address}`, this.lastError, { hint }),
    );
  }

  /** Closes all connections; commands that wait are given up. */
  close(): void {
    for (const client of this.#clients) client.disconnect();
  }
}

function readAddress(where: string, given: string | undefined): { url: string; address: string } {
  const text = given ?? process.env[ENVIRONMENT.redis] ?? HERE;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol))
    throw new ArgumentError(
      expectation(where, "redis", "an address such as redis://host:6379", text.replace(/\/\/.*@/, "//…@")),
    );
  if (given !== undefined && url.password !== "") {
    const hint = `Passwords come by ${ENVIRONMENT.password}, or with the address by ${ENVIRONMENT.redis}`;
    throw new ArgumentError(expectation(where, "redis", "an address without a password", "one with it", { hint }));
  }
  const bare = new URL(url);
  bare.username = bare.password = "";
  return { url: text, address: bare.href };
}
