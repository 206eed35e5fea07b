// A step in parts on many machines has the bits of one, whoever computes which part and whoever is lost on the way.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  endOf,
  type Machine,
  missing,
  REDIS,
  RedisServer,
  root,
  sleep,
  startTraining,
  startWorker,
  type Training,
} from "../../support/cluster/machines.js";

const digits: Training = {
  network: "digits",
  dataset: { module: "data.js", export: "digits" },
  steps: 12,
  batchSize: 16,
  mix: true,
};
const pictures: Training = {
  network: "resnet8",
  dataset: { module: "data.js", options: { count: 200, augmented: true } },
  steps: 6,
  batchSize: 8,
};

describe.skipIf(!REDIS)(`a cluster${missing}`, () => {
  let redis: RedisServer;
  const machines: Machine[] = [];
  const known = new Map<string, Promise<string>>();

  beforeAll(async () => {
    if (!existsSync(join(root, "dist/bin.js")))
      throw new Error("dist/ is missing: npm test builds it, npm run build does");
    redis = await RedisServer.start();
  });
  afterAll(() => redis?.stop());
  afterEach(() => {
    for (const machine of machines.splice(0)) machine.kill();
  });

  const keep = (machine: Machine) => {
    machines.push(machine);
    return machine;
  };
  const worker = (...args: string[]) => keep(startWorker(redis, args));
  const train = (training: Training) => keep(startTraining(redis, training));
  /** The checkpoint of `createTrainer` after the same training. */
  const alone = (training: Training): Promise<string> => {
    const key = JSON.stringify(training);
    const hash = known.get(key) ?? endOf(startTraining(null, training)).then((end) => end.hash);
    known.set(key, hash);
    return hash;
  };

  it.each([1, 2, 4])("of %i workers gives the checkpoint of createTrainer", { timeout: 120_000 }, async (count) => {
    const workers = Array.from({ length: count }, () => worker());
    // The last of five steps through the digits has three parts.
    for (const [training, parts] of [
      [digits, 46],
      [pictures, 24],
    ] as const) {
      const run = train({ ...training, parts: true });
      expect((await endOf(run)).hash).toBe(await alone(training));
      expect(run.lines.filter(({ type }) => type === "part")).toHaveLength(parts);
    }
    for (const each of workers) each.kill("SIGTERM");
    expect(await Promise.all(workers.map(({ done }) => done))).toEqual(workers.map(() => 0));
  });

  it("goes on when a worker is killed, and costs two seconds", { timeout: 120_000 }, async () => {
    const training: Training = { ...pictures, batchSize: 25, epochs: 13, steps: 26 };
    const workers = [worker(), worker()];
    const run = train(training);
    await run.until((machine) => machine.steps() >= 3);
    workers[0].kill();
    const killed = performance.now();
    const steps = run.steps();
    await run.until((machine) => machine.steps() > steps + 1);
    expect(performance.now() - killed).toBeLessThan(6000); // two seconds on a machine that does nothing else
    expect((await endOf(run)).hash).toBe(await alone(training));
    expect(run.lines.some(({ type }) => type === "lost")).toBe(true);
  });

  it("goes on after its coordinator was killed, by fit({ resume })", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "cluster-resume-"));
    try {
      worker();
      const training = { ...digits, steps: 30, epochs: 5 };
      const first = train({ ...training, store: folder });
      await first.until((machine) => machine.steps() >= 7);
      first.kill();
      await first.done;
      const { hash, steps } = await endOf(train({ ...training, steps: 1000, store: folder }));
      const whole = await endOf(startTraining(null, { ...training, steps: 1000 }));
      expect({ hash, steps }).toEqual({ hash: whole.hash, steps: whole.steps });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("goes on when Redis stands still, and when it has lost all that it had", { timeout: 120_000 }, async () => {
    const own = await RedisServer.start();
    try {
      const training = { ...pictures, steps: 16 };
      for (let i = 0; i < 2; i++) keep(startWorker(own));
      const run = keep(startTraining(own, training));
      await run.until((machine) => machine.steps() >= 3);
      own.kill("SIGSTOP");
      await sleep(2500);
      own.kill("SIGCONT");
      const steps = run.steps();
      await run.until((machine) => machine.steps() > steps + 1);
      await own.restart();
      expect((await endOf(run)).hash).toBe(await alone(training));
    } finally {
      own.stop();
    }
  });
});
