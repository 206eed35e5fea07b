// Who may take part in a cluster, and what is taken from whom: everything else is refused by name, and the bits stay.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue, Worker } from "bullmq";
import { build as bundle } from "esbuild";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Seals } from "../../../src/cluster/seal.js";
import { keysOf, MOST } from "../../../src/cluster/settings.js";
import { hasRelaxedSimd } from "../../../src/runtime/features.js";
import {
  endOf,
  Machine,
  missing,
  REDIS,
  RedisServer,
  root,
  SECRET,
  startTraining,
  startWorker,
  type Training,
} from "../../support/cluster/machines.js";

const digits: Training = {
  network: "digits",
  dataset: { module: "data.js", export: "digits" },
  steps: 8,
  batchSize: 16,
};
const keys = keysOf("default");

describe.skipIf(!REDIS)(`a cluster refuses${missing}`, { timeout: 120_000 }, () => {
  let redis: RedisServer;
  let client: Redis;
  let folder: string;
  const machines: Machine[] = [];
  const keep = (machine: Machine) => {
    machines.push(machine);
    return machine;
  };
  const alone = (training: Training) => endOf(startTraining(null, training)).then(({ hash }) => hash);

  beforeAll(async () => {
    redis = await RedisServer.start({ password: "not for arguments" });
    client = new Redis(redis.port, "127.0.0.1", { password: "not for arguments" });
    process.env["RESNET_WASM_REDIS_PASSWORD"] = "not for arguments"; // the machines have it from here
    folder = mkdtempSync(join(tmpdir(), "cluster-data-"));
    for (const name of ["data.js", "own-layers.js"])
      cpSync(join(root, "test/support/cluster", name), join(folder, name));
  });
  afterAll(() => {
    client?.disconnect();
    redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const machine of machines.splice(0)) machine.kill();
    await client.flushall();
  });

  /** Trains with a worker that is refused, for which `prepare` makes a folder, and then with one that is not. */
  async function expectRefused(training: Training, args: string[], message: RegExp, env = {}): Promise<void> {
    const stranger = keep(startWorker(redis, args, env));
    const run = keep(startTraining(redis, training));
    await stranger.until(({ errors }) => message.test(errors), String(message));
    await run.until(({ lines }) => lines.some(({ type }) => type === "refused"), "refused");
    keep(startWorker(redis));
    const { hash, workers } = await endOf(run);
    expect(hash).toBe(await alone(training));
    expect(workers?.filter(({ parts }) => parts > 0).length).toBe(1);
  }

  /** The path from root of a file that imports the package by its name must lie in it. */
  const inPackage = (change: (name: string, text: string) => string) => {
    const own = mkdtempSync(join(root, "build/cluster-"));
    for (const name of ["data.js", "own-layers.js"])
      writeFileSync(join(own, name), change(name, readFileSync(join(folder, name), "utf8")));
    return own;
  };

  it("a worker in a bundle, which lacks the file of its thread, with the cure", async () => {
    const own = mkdtempSync(join(root, "build/cluster-"));
    const app = join(own, "app.mjs");
    await bundle({
      stdin: {
        contents: `import { serveWorker } from "./cluster.node.js"; await serveWorker(JSON.parse(process.argv[2]));`,
        resolveDir: join(root, "dist"),
      },
      ...{ bundle: true, format: "esm", platform: "node", outfile: app, logLevel: "error" },
      banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
    });
    const env = { ...process.env, RESNET_WASM_SECRET: SECRET };
    const options = JSON.stringify({ redis: `redis://127.0.0.1:${redis.port}` });
    const { stderr, status } = spawnSync(process.execPath, [app, options], { env, encoding: "utf8", timeout: 60_000 });
    rmSync(own, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /serveWorker: thread expected one that lives, got .*[\s\S]*leave resnet-wasm\/cluster out of the bundle/,
    );
  });

  it("a worker with another secret", () =>
    expectRefused(digits, [], /refused: cluster: run expected the seal of this cluster's secret, got another/, {
      RESNET_WASM_SECRET: "another secret, as long as that",
    }));

  it("a worker with other data", async () => {
    const own = inPackage((_, text) =>
      text.replace("count, classes: 4, seed }", "count, classes: 4, seed: seed + 1 }"),
    );
    await expectRefused(digits, ["--data", own], /refused: worker: dataset expected [0-9a-f]{16}, got [0-9a-f]{16}/);
    rmSync(own, { recursive: true });
  });

  it("a worker whose layer of the same name is another", async () => {
    const training: Training = { ...digits, network: "own" };
    const own = inPackage((name, text) => (name === "own-layers.js" ? text.replace('"mul"', '"sub"') : text));
    await expectRefused(training, ["--data", own], /refused: worker: model expected [0-9a-f]{16}, got [0-9a-f]{16}/);
    rmSync(own, { recursive: true });
  });

  it("a worker of another version", async () => {
    const told = { version: "9.9.9", run: "r", digests: { version: "9.9.9", model: "m", dataset: "d" } };
    await client.set(keys.run, new Seals(SECRET, "default").write("run", told));
    const worker = keep(startWorker(redis));
    await worker.until(
      ({ errors }) => /refused: worker: version expected 9\.9\.9, got \d+\.\d+\.\d+/.test(errors),
      "refused",
    );
  });

  it("parts of somebody who can write to Redis, but lacks the secret", async () => {
    const run = keep(startTraining(redis, { ...digits, parts: true }));
    const values = ["garbage", Buffer.alloc(40), Buffer.alloc(20_000_000, 7)];
    let turn = 0;
    const connection = {
      host: "127.0.0.1",
      port: redis.port,
      password: "not for arguments",
      maxRetriesPerRequest: null,
    };
    const forger = new Worker(
      "parts",
      async ({ id }) => {
        const [name, step, shard, attempt] = String(id).split("-");
        await client.set(keys.part({ run: name, step: +step, shard: +shard, attempt: +attempt }), values[turn++ % 3]);
        return "done";
      },
      { connection, prefix: keys.prefix },
    );
    const again = ({ lines }: Machine) =>
      lines.flatMap(({ type, reason }) => (type === "again" ? [String(reason)] : []));
    await run.until((machine) => again(machine).length >= 6, "handed out again");
    await forger.close();
    // A job that is made up computes nothing: it has no seal.
    const queue = new Queue("parts", { connection, prefix: keys.prefix });
    await queue.add("part", { sealed: "0".repeat(64) + JSON.stringify({ run: "x", step: 0, shard: 0, attempt: 0 }) });
    await queue.add("part", { sealed: "x".repeat(MOST.message + 1) });
    await queue.close();
    keep(startWorker(redis));
    expect((await endOf(run)).hash).toBe(await alone(digits));
    const reasons = again(run).join("\n");
    expect(reasons).toMatch(/expected the seal of this cluster's secret, got another/);
    expect(reasons).toMatch(/expected at most \d+ bytes, got 20000000/);
  });

  it("to wait without end for workers, and says who was refused", async () => {
    keep(startWorker(redis, [], { RESNET_WASM_SECRET: "another secret, as long as that" }));
    const run = keep(startTraining(redis, { ...digits, cluster: { patience: 3 } }));
    expect(await run.done).toBe(1);
    const { name, message } = run.lines.at(-1)!;
    expect(name).toBe("RuntimeSupportError");
    expect(message).toMatch(/fit: workers expected one within 3 s, got none.* npx resnet-wasm worker/);
  });

  it("gradients that are not finite, with the words of createTrainer", async () => {
    keep(startWorker(redis));
    const wild = { ...digits, lr: 1e30 };
    const [there, here] = [keep(startTraining(redis, wild)), keep(startTraining(null, wild))];
    expect([await there.done, await here.done]).toEqual([1, 1]);
    expect(there.lines.at(-1)).toEqual(here.lines.at(-1));
    expect(there.lines.at(-1)).toMatchObject({ name: "NumericError" });
  });

  it("datasets that others cannot open, and a second coordinator", async () => {
    keep(startWorker(redis));
    const outside = keep(startTraining(redis, { ...digits, dataset: { module: "../../secrets.js" } }));
    await outside.done;
    expect(outside.lines.at(-1)!["message"]).toMatch(
      /path expected one within the folder of data, got \.\.\/\.\.\/secrets\.js/,
    );
    const first = keep(startTraining(redis, { ...digits, steps: 990, epochs: 200 }));
    await first.until((machine) => machine.steps() > 2);
    const second = keep(startTraining(redis, digits));
    await second.done;
    expect(second.lines.at(-1)!["message"]).toMatch(/cluster expected no other coordinator, got one at work/);
  });

  it.skipIf(!hasRelaxedSimd())("models with relaxed SIMD", async () => {
    const run = keep(startTraining(redis, { ...digits, relaxedSimd: true }));
    await run.done;
    expect(run.lines.at(-1)!["message"]).toMatch(/cluster\.trainer: model expected one without relaxed SIMD/);
  });

  it("passwords in arguments, short secrets, and bad addresses", async () => {
    const bin = join(root, "dist/bin.js");
    for (const [args, env, code, message] of [
      [["--redis", "redis://me:word@host"], {}, 2, /--redis expected an address without a password/],
      [["--redis", "http://host"], {}, 1, /redis expected an address such as redis:/],
      [[], { RESNET_WASM_SECRET: "short" }, 1, /RESNET_WASM_SECRET expected at least 16 characters, got 5 characters/],
      [["--name", "a:b"], {}, 1, /name expected at most 64 letters/],
    ] as const) {
      const worker = keep(new Machine(bin, ["worker", ...args], env));
      expect(await worker.done).toBe(code);
      expect(worker.errors).toMatch(message);
      expect(worker.errors).not.toMatch(/word@/);
    }
  });

  it("nothing of a fit that is stopped again and again: it comes to its end with the same bits", async () => {
    keep(startWorker(redis));
    const { hash } = await endOf(keep(startTraining(redis, { ...digits, steps: 1000, restless: 15 })));
    expect(hash).toBe(await alone({ ...digits, steps: 1000 }));
  });
});
