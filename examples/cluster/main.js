// Trains ResNet-20 on two workers over Redis, kills one on the way, and compares the result with that of a single process:
// npm run example:cluster [steps]
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cifarResNet, createModel, createTrainer, crossEntropy, SGD } from "resnet-wasm";
import { openCluster } from "resnet-wasm/cluster";
import pictures from "./pictures.js";

const steps = Number(process.argv[2] ?? 40);
const data = fileURLToPath(new URL(".", import.meta.url));
const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url));

// The workers have the secret from the environment of this process.
process.env.RESNET_WASM_SECRET ??= randomBytes(32).toString("hex");

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });

const port = await freePort();
const redis = `redis://127.0.0.1:${port}`;
const folder = mkdtempSync(join(tmpdir(), "resnet-wasm-redis-"));
const server = spawn("redis-server", ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder], {
  stdio: "ignore",
});
server.once("error", () => {
  console.error(
    "redis-server is not installed. Debian: apt install redis-server; macOS: brew install redis; elsewhere: https://redis.io",
  );
  process.exit(1);
});

const startWorker = () =>
  spawn(process.execPath, [bin, "worker", "--redis", redis, "--data", data, "--threads", "1"], { stdio: "ignore" });

const make = () => createModel(cifarResNet(20), { inputShape: [32, 32, 3], seed: 7, relaxedSimd: false, threads: 1 });
const options = { loss: crossEntropy(), optimizer: new SGD({ lr: 0.05, momentum: 0.9 }), accumulate: 4 };
const fitting = { batchSize: 32, epochs: Math.ceil(steps / 10), maxSteps: steps };
/** @param {import("resnet-wasm").Model} model */
const hash = async (model) =>
  createHash("sha256")
    .update(await model.save())
    .digest("hex")
    .slice(0, 16);

/** Parts by worker, drawn as a bar each. @type {Map<string, { parts: number, state: string }>} */
const workers = new Map();
let drawn = 0;
function draw() {
  if (!process.stdout.isTTY) return;
  if (drawn > 0) process.stdout.write(`\x1b[${drawn}A`);
  for (const [id, { parts, state }] of workers) {
    const share = Math.round((30 * parts) / (4 * steps));
    process.stdout.write(`\x1b[K${id.padEnd(28)} ${"█".repeat(share).padEnd(30, "░")} ${parts} parts  ${state}\n`);
  }
  drawn = workers.size;
}

const running = [startWorker(), startWorker()];
try {
  const cluster = await openCluster({
    redis,
    data,
    onEvent(event) {
      if ("worker" in event) {
        const known = workers.get(event.worker) ?? { parts: 0, state: "" };
        if (event.type === "part") known.parts++;
        else known.state = event.type;
        workers.set(event.worker, known);
        if (event.type !== "part" && !process.stdout.isTTY) console.log(`${event.worker}: ${event.type}`);
      }
      draw();
    },
  });
  const model = await make();
  const trainer = cluster.trainer(model, options);
  const train = await cluster.dataset({ module: "pictures.js" });
  await trainer.fit(train, {
    ...fitting,
    callbacks: [
      {
        onStep() {
          if (trainer.stepCount !== Math.floor(steps / 2)) return;
          running[0].kill("SIGKILL");
          running.push(startWorker());
        },
      },
    ],
  });
  await cluster.close();
  for (const worker of running) worker.kill();

  const single = await make();
  await createTrainer(single, options).fit(pictures(), fitting);
  const [there, here] = [await hash(model), await hash(single)];
  console.log(
    `weights after ${steps} steps on two workers, one of them killed after ${Math.floor(steps / 2)}: ${there}`,
  );
  console.log(`weights of a single process: ${here}: ${there === here ? "the same" : "DIFFERENT"}`);
  if (there !== here) process.exitCode = 1;
} finally {
  for (const worker of running) worker.kill();
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
