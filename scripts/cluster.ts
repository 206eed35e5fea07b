// The promises of resnet-wasm/cluster, in full: node scripts/run.js scripts/cluster.ts [--only bits,kill,redis,coordinator,speed]
// [--steps 200] [--kills 20] [--seed 1]. cifarResNet(20), batches of 128 in 4 parts; wants redis-server and, for speed, two idle cores.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Philox } from "../src/core/random.js";
import {
  type End,
  endOf,
  type Machine,
  RedisServer,
  sleep,
  startTraining,
  startWorker,
  type Training,
} from "../test/support/cluster/machines.js";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "bits,kill,redis,coordinator,speed" },
    steps: { type: "string", default: "200" },
    kills: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const only = values.only.split(",");
const steps = Number(values.steps);
const training: Training = {
  network: "resnet20",
  dataset: { module: "data.js", options: { augmented: true } },
  ...{ steps, epochs: Math.ceil(steps / 15), batchSize: 32, accumulate: 4 },
};

const redis = await RedisServer.start();
const started: Machine[] = [];
const workers = (count: number): Machine[] => {
  const all = Array.from({ length: count }, () => startWorker(redis));
  started.push(...all);
  return all;
};
const begin = (more: object = {}): Machine => {
  const machine = startTraining(redis, { ...training, ...more });
  started.push(machine);
  return machine;
};
const end = (): void => {
  for (const machine of started.splice(0)) machine.kill();
};

let reference: End | undefined;
const alone = async (): Promise<End> => {
  reference ??= await endOf(startTraining(null, training));
  return reference;
};
async function expectSame(what: string, { hash, median }: End): Promise<void> {
  const { hash: expected } = await alone();
  console.log(
    `${what}: ${hash.slice(0, 16)}, ${hash === expected ? "the same" : "DIFFERENT"}, ${median.toFixed(0)} ms a step`,
  );
  if (hash !== expected) process.exitCode = 1;
}

try {
  if (only.includes("bits")) {
    await expectSame(`createTrainer, ${steps} steps`, await alone());
    for (const count of [1, 2, 4]) {
      workers(count);
      await expectSame(`${count} workers`, await endOf(begin()));
      end();
    }
  }
  if (only.includes("kill")) {
    const random = new Philox(Number(values.seed), 0);
    const kills = Number(values.kills);
    let alive = workers(2);
    const run = begin();
    let slowest = 0;
    // Evenly over the training, at a random moment of a random step each.
    for (let i = 0; i < kills; i++) {
      const at = Math.floor(((i + random.uniform()) * (steps - 4)) / kills) + 1;
      await run.until((machine) => machine.steps() >= at);
      await sleep(random.uniform() * 400);
      const [victim, other] = random.uniform() < 0.5 ? alive : [...alive].reverse();
      victim.kill();
      const before = run.steps();
      const killed = performance.now();
      alive = [other, ...workers(1)];
      await run.until((machine) => machine.steps() > before || machine.steps() >= steps);
      slowest = Math.max(slowest, performance.now() - killed);
    }
    await expectSame(`${kills} workers killed; longest until the next step ${slowest.toFixed(0)} ms`, await endOf(run));
    end();
  }
  if (only.includes("redis")) {
    workers(2);
    const run = begin();
    await run.until((machine) => machine.steps() >= steps / 4);
    redis.kill("SIGSTOP");
    await sleep(5000);
    redis.kill("SIGCONT");
    await run.until((machine) => machine.steps() >= steps / 2);
    await redis.restart();
    await expectSame("Redis stopped for 5 s, and restarted empty", await endOf(run));
    end();
  }
  if (only.includes("coordinator")) {
    const store = mkdtempSync(join(tmpdir(), "cluster-"));
    workers(2);
    // Steps count from each call of fit: the training ends at the end of its epochs.
    const epochs = {
      epochs: Math.max(1, Math.floor(steps / 15)),
      steps: 1e6,
      dataset: { module: "data.js", options: { augmented: true, count: 1920 } },
    };
    const first = begin({ ...epochs, store });
    await first.until((machine) => machine.steps() >= steps / 2);
    first.kill();
    await first.done;
    const { hash, steps: done } = await endOf(begin({ ...epochs, store }));
    const whole = await endOf(startTraining(null, { ...training, ...epochs }));
    rmSync(store, { recursive: true, force: true });
    const same = hash === whole.hash && done === whole.steps;
    console.log(
      `coordinator killed and resumed, ${done} steps: ${hash.slice(0, 16)}, ${same ? "the same" : "DIFFERENT"}`,
    );
    if (!same) process.exitCode = 1;
    end();
  }
  if (only.includes("speed")) {
    const rounds: [number, number, number][] = [];
    const short = { steps: 24 };
    for (let i = 0; i < 3; i++) {
      const here = await endOf(startTraining(null, { ...training, ...short }));
      workers(1);
      const one = await endOf(begin(short));
      workers(1);
      const two = await endOf(begin(short));
      end();
      rounds.push([here.median, one.median, two.median]);
    }
    const best = [0, 1, 2].map((i) => Math.min(...rounds.map((each) => each[i])));
    const [overhead, faster] = [best[1] / best[0] - 1, best[1] / best[2]];
    console.log(
      `createTrainer ${best[0].toFixed(0)} ms a step, one worker ${best[1].toFixed(0)}, two ${best[2].toFixed(0)}`,
    );
    console.log(
      `overhead ${(100 * overhead).toFixed(1)} % (at most 15), two workers ${faster.toFixed(2)} times one (at least 1.6)`,
    );
    if (overhead > 0.15 || faster < 1.6) process.exitCode = 1;
  }
  console.log(process.exitCode ? "a promise is broken" : "all promises hold");
} finally {
  end();
  redis.stop();
}
