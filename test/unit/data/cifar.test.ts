import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ArgumentError, DataError, FormatError } from "../../../src/core/errors.js";
import { channelStatistics, loadCifar, readCifar } from "../../../src/faces/data.js";
import { read } from "./read.js";

/** A record whose byte at plane c, pixel i is (40 c + i) mod 256. */
const record = (...labels: number[]): Uint8Array =>
  Uint8Array.from([
    ...labels,
    ...Array.from({ length: 3072 }, (_, i) => (Math.floor(i / 1024) * 40 + (i % 1024)) & 255),
  ]);

describe("readCifar", () => {
  it("interleaves the planes", () => {
    const dataset = readCifar([record(3), record(9)]);
    expect(dataset).toMatchObject({ length: 2, inputShape: [32, 32, 3], classes: 10 });
    const { x, y } = read(dataset);
    expect([...y]).toEqual([3, 9]);
    expect([...x.subarray(3072 + 9, 3072 + 15)].map((value) => Math.round(value * 255))).toEqual([
      3, 43, 83, 4, 44, 84,
    ]);
  });

  it("takes the fine or the coarse label of CIFAR-100", () => {
    expect([...read(readCifar(record(19, 99), "cifar100")).y]).toEqual([99]);
    expect(readCifar(record(19, 99), "cifar100-coarse")).toMatchObject({ classes: 20 });
    expect([...read(readCifar(record(19, 99), "cifar100-coarse")).y]).toEqual([19]);
  });

  it("refuses damaged files", () => {
    const cut = () => readCifar(record(1).subarray(1), "cifar10", ["a.bin"]);
    expect(cut).toThrow(FormatError);
    expect(cut).toThrow("readCifar: a.bin: file expected a multiple of 3073 bytes above 0, got 3072 bytes");
    expect(() => readCifar(new Uint8Array())).toThrow(FormatError);
    expect(() => readCifar(record(10))).toThrow("label of record 0 expected a class from 0 to 9, got 10");
    expect(() => readCifar(record(1), "cifar" as never)).toThrow(ArgumentError);
    expect(() => readCifar("x" as never)).toThrow(ArgumentError);
    expect(() => readCifar([])).toThrow(DataError);
  });
});

describe("loadCifar", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cifar-"));
    await writeFile(join(folder, "data_batch_1.bin"), record(1));
    await writeFile(join(folder, "data_batch_2.bin"), record(2));
    await writeFile(join(folder, "data_batch_4.bin"), record(4));
    await writeFile(join(folder, "train.bin"), record(5, 55));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("takes the training files from the first on", async () => {
    expect([...read(await loadCifar(folder, { train: true })).y]).toEqual([1, 2]);
    expect([...read(await loadCifar(folder, { train: true, kind: "cifar100" })).y]).toEqual([55]);
    const files = ["data_batch_4.bin"];
    expect([...read(await loadCifar(folder, { train: true, files })).y]).toEqual([4]);
  });

  it("says what is missing", async () => {
    await expect(loadCifar(folder, { train: false })).rejects.toThrow("loadCifar: source expected test_batch.bin in ");
    await expect(loadCifar(folder, { train: true, files: ["data_batch_1.bin", "x"] })).rejects.toThrow(DataError);
    await expect(loadCifar(folder, {} as never)).rejects.toThrow(ArgumentError);
  });

  const cifar = new URL("../../../../shared/data/cifar-10", import.meta.url);
  it.skipIf(!existsSync(cifar))("reads CIFAR-10 (skipped without ../shared/data)", async () => {
    const dataset = await loadCifar(cifar, { train: false });
    expect(dataset.length).toBe(10_000);
    const { y } = read(dataset, [0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...y]).toEqual([3, 8, 8, 0, 6, 6, 1, 6]);
    const { mean } = channelStatistics(dataset);
    for (const [c, expected] of [0.4942, 0.4851, 0.4504].entries()) expect(mean[c]).toBeCloseTo(expected, 3);
  });
});
