// Address space that is limited (ulimit -v, as batch systems do): V8 would end the process where a thread finds no room.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);

/** Runs a program on the built package with so many GiB of addresses, and returns what it printed. */
async function within(gibibytes: number, program: string): Promise<string> {
  const dist = new URL("../../../dist/", import.meta.url).href;
  const code = program.replaceAll("dist:", dist);
  // Node 20 and 22 take 8 GiB for a memory otherwise.
  const command = `ulimit -v ${gibibytes * 2 ** 20}; exec "$0" --disable-wasm-trap-handler --input-type=module -e "$1"`;
  const { stdout } = await run("bash", ["-c", command, process.execPath, code]);
  return stdout.trim();
}

const TRAIN = `
  import { cifarResNet, createModel, createTrainer, crossEntropy, SGD } from "dist:index.node.js";
  const options = { inputShape: [32, 32, 3], threads: { force: 8 }, maxMemory: 2 ** 28 };
  const model = await createModel(cifarResNet(8), options);
  const trainer = createTrainer(model, { loss: crossEntropy(), optimizer: new SGD({ lr: 0.1 }) });
  trainer.step(new Float32Array(3072), [0]);
  console.log(model.info.threads, model.info.why);
`;

const IN_WORKER = `
  import { Linear } from "dist:index.node.js";
  import { createModel } from "dist:worker.node.js";
  await createModel(new Linear(2, 1), { inputShape: [2] }).catch((error) => console.log(error.name, error.message));
`;

it.skipIf(process.platform !== "linux")("too little for threads leaves one, and says why", async () => {
  expect(await within(6, TRAIN)).toMatch(
    /^1 .*one thread, because no worker started: threads: ulimit -v expected 7 GiB/,
  );
});

it.skipIf(process.platform !== "linux")("too little for a worker is refused", async () => {
  expect(await within(1.5, IN_WORKER)).toMatch(
    /^RuntimeSupportError threads: ulimit -v expected 1 GiB .* Raise ulimit -v/,
  );
});

it.skipIf(process.platform !== "linux")("enough is enough", async () => {
  expect(await within(40, TRAIN)).toMatch(/^8 /);
});
