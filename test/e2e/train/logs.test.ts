// csvLog, jsonlLog, tensorboard and plot in fits that are killed and go on, in folders and stores.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ArgumentError,
  type Callback,
  createModel,
  createTrainer,
  crossEntropy,
  csvLog,
  DataError,
  type FitOptions,
  jsonlLog,
  Linear,
  memoryStore,
  plot,
  SGD,
  type Store,
  tensorboard,
} from "../../../src/hosts/node/index.js";
import { blobs } from "../../support/datasets.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "logs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = async () =>
  createTrainer(await createModel(new Linear(4, 3), { inputShape: [4], relaxedSimd: false }), {
    loss: crossEntropy(),
    optimizer: new SGD({ lr: 0.1 }),
  });
const fitting: FitOptions = { epochs: 4, batchSize: 8, validation: blobs(9) };
const timeless = (text: string) => text.replace(/"ms":[\d.]+/g, '"ms":0');

describe("csvLog", () => {
  it("has a row an epoch, with what validation said, or a row a step", async () => {
    const trainer = await make();
    const [epochs, steps] = [join(folder, "new/runs/log.csv"), pathToFileURL(join(folder, "steps.csv"))];
    const callbacks = [csvLog(epochs), csvLog(steps, { every: "step" })];
    const history = await trainer.fit(blobs(20), { ...fitting, callbacks });
    const [header, ...rows] = readFileSync(epochs, "utf8").trim().split("\n");
    expect(header).toBe("epoch,loss,lr,ms,validation.loss,validation.samples,validation.accuracy");
    expect(rows.map((row) => row.split(",").map(Number).slice(0, 3))).toEqual(
      history.epochs.map(({ epoch, loss, lr }) => [epoch, loss, lr]),
    );
    const lines = readFileSync(steps, "utf8").trim().split("\n");
    expect(lines[0]).toBe("loss,gradNorm,lr,epoch,step,stepsPerEpoch,epochs");
    expect(lines.slice(1).map((line) => Number(line.split(",")[0]))).toEqual(history.losses);
  });

  it("continues a file of the same columns, and refuses another", async () => {
    const path = join(folder, "log.csv");
    const trainer = await make();
    for (let i = 0; i < 2; i++) await trainer.fit(blobs(20), { ...fitting, callbacks: [csvLog(path)] });
    expect(readFileSync(path, "utf8").trim().split("\n").length).toBe(9);
    const fit = trainer.fit(blobs(20), { batchSize: 8, callbacks: [csvLog(path)] });
    await expect(fit).rejects.toThrow(
      /csvLog: columns expected epoch,loss,lr,ms,validation.loss.*, got epoch,loss,lr,ms. Another/,
    );
    await expect(fit).rejects.toThrow(ArgumentError);
    await expect(trainer.fit(blobs(20), { callbacks: [csvLog(folder)] })).rejects.toThrow(DataError);
    expect(() => csvLog(path, { evry: "step" } as never)).toThrow(/Did you mean "every"/);
    await expect(trainer.fit(blobs(20), { callbacks: [csvLog(5 as never)] })).rejects.toThrow(
      /target expected a path, a file: URL or a store, got 5/,
    );
  });
});

describe.each<[string, () => { target: string | Store; text: () => Promise<string> }]>([
  [
    "a folder",
    () => {
      const path = join(folder, "log");
      return { target: path, text: async () => readFileSync(path, "utf8") };
    },
  ],
  [
    "a store",
    () => {
      const store = memoryStore();
      return { target: store, text: async () => new TextDecoder().decode(await store.read("log")) };
    },
  ],
])("logs in %s", (_, place) => {
  it.each([
    ["csv", "step"],
    ["csv", "epoch"],
    ["jsonl", "step"],
    ["jsonl", "epoch"],
  ] as const)("have each row once after a kill: %s, every %s", async (kind, every) => {
    const log = (target: string | Store) => (kind === "csv" ? csvLog : jsonlLog)(target, { every, name: "log" });
    const whole = place();
    await (await make()).fit(blobs(20), { ...fitting, callbacks: [log(whole.target)] });
    const broken = place();
    const store = memoryStore();
    // Killed after step 7 of 12, kept every second step: what the log has of step 7 is not in the checkpoint.
    const kill: Callback = {
      onStep({ epoch, step }) {
        if (epoch * 3 + step === 6) throw new RangeError("killed");
      },
    };
    const resume = { store, every: 2 };
    const first = (await make()).fit(blobs(20), { ...fitting, callbacks: [log(broken.target), kill], resume });
    await expect(first).rejects.toThrow(RangeError);
    await (await make()).fit(blobs(20), { ...fitting, callbacks: [log(broken.target), {}], resume });
    const strip = (text: string) =>
      kind === "csv" && every === "epoch" ? text.replace(/^((?:[^,]*,){3})[^,]*/gm, "$1") : timeless(text);
    expect(strip(await broken.text())).toBe(strip(await whole.text()));
  });
});

describe("tensorboard", () => {
  it("writes a file for each fit into its folder", async () => {
    const trainer = await make();
    await trainer.fit(blobs(20), { ...fitting, callbacks: [tensorboard(join(folder, "tb"), { every: 1 })] });
    await trainer.fit(blobs(20), { ...fitting, callbacks: [tensorboard(pathToFileURL(join(folder, "tb")))] });
    const names = readdirSync(join(folder, "tb"));
    expect(names.length).toBe(2);
    expect(names.every((name) => statSync(join(folder, "tb", name)).size > 300)).toBe(true);
  });
});

describe("plot", () => {
  const stream = (isTTY: boolean) => {
    const texts: string[] = [];
    return { isTTY, columns: 60, texts, write: (text: string) => void texts.push(text) };
  };

  it("draws in place in a terminal, and once elsewhere", async () => {
    const [terminal, file] = [stream(true), stream(false)];
    const slow: Callback = { onEpoch: () => new Promise((resolve) => setTimeout(resolve, 210)) };
    const trainer = await make();
    await trainer.fit(blobs(20), {
      ...fitting,
      callbacks: [plot({ stream: terminal }), plot({ stream: file, values: ["validation.accuracy"] }), slow],
    });
    expect(terminal.texts.length).toBeGreaterThan(3);
    expect(terminal.texts[1].startsWith("\x1b[16A\x1b[J")).toBe(true);
    expect(terminal.texts.at(-1)).toMatch(/⠒ loss [\d.]+ {3}• validation.loss [\d.]+\n$/);
    expect(file.texts.length).toBe(1);
    expect(file.texts[0]).toMatch(/• validation.accuracy/);
    expect(file.texts[0].split("\n").every((line) => line.length <= 60)).toBe(true);
    const unknown = trainer.fit(blobs(20), { ...fitting, callbacks: [plot({ values: ["validation.f1"] })] });
    await expect(unknown).rejects.toThrow(
      /plot: monitor expected loss, validation.loss, validation.accuracy, got validation.f1/,
    );
  });

  it("goes on with its curves from a checkpoint", async () => {
    const store = memoryStore();
    const make2 = async () => ({ trainer: await make(), out: stream(false) });
    const [a, b] = [await make2(), await make2()];
    await a.trainer.fit(blobs(20), { ...fitting, callbacks: [plot({ stream: a.out })], resume: store, maxSteps: 8 });
    await b.trainer.fit(blobs(20), { ...fitting, callbacks: [plot({ stream: b.out })], resume: store });
    expect(b.out.texts[0]).toMatch(/step 1 +12\n/);
  });
});
