// A run of the laboratory: it can be stopped, gone back in, saved and opened, and the bits are those of a run that was not.
import { afterEach, describe, expect, it } from "vitest";
import { readRunFile, writeRunFile } from "../../../../site/lab/core/file.js";
import { KINDS } from "../../../../site/lab/core/nets.js";
import { Run } from "../../../../site/lab/core/run.js";
import { DEFAULTS, type Settings } from "../../../../site/lab/core/settings.js";

const small: Settings = { ...DEFAULTS, depth: 6, width: 8, samples: 100 };
const open: Run[] = [];
const make = async (settings: Settings): Promise<Run> => {
  const run = await Run.create(settings);
  open.push(run);
  return run;
};
afterEach(() => {
  for (const run of open.splice(0)) run.dispose();
});

describe.each([
  ["dense", small],
  ["dense with BatchNorm and Adam", { ...small, norm: "batch", optimizer: "adam", rate: 5 }],
  ["convolutional", { ...small, data: "glyphs", samples: 50 }],
] satisfies [string, Settings][])("a run, %s", (_, settings) => {
  it("comes to the same bits step by step, with readings in between, and by rewinding", async () => {
    const whole = await make(settings);
    await whole.advance(12);
    const expected = await whole.hash();
    const losses = KINDS.map((kind) => whole.twins[kind].losses);

    const other = await make(settings);
    for (let i = 0; i < 12; i++) {
      await other.advance(1);
      for (const kind of KINDS) other.read(kind);
    }
    expect(await other.hash()).toBe(expected);

    await other.advance(9);
    expect(await other.hash()).not.toBe(expected);
    await other.rewind(12);
    expect(other.step).toBe(12);
    expect(await other.hash()).toBe(expected);
    expect(KINDS.map((kind) => other.twins[kind].losses)).toEqual(losses);
    expect(other.readings.at(-1)).toEqual(whole.readings.at(-1));
  });

  it("goes on from a file with the same bits", async () => {
    const run = await make(settings);
    await run.advance(7);
    const file = writeRunFile(await run.suspend());
    await run.advance(8);

    const opened = await Run.resume(readRunFile(file));
    open.push(opened);
    expect(opened.step).toBe(7);
    await opened.advance(8);
    expect(await opened.hash()).toBe(await run.hash());
    for (const kind of KINDS) expect(opened.twins[kind].losses).toEqual(run.twins[kind].losses);
    expect(opened.readings.map(({ step }) => step)).toEqual(run.readings.map(({ step }) => step));
    await opened.rewind(3);
    expect(opened.step).toBe(3);
  });
});

it("trains no further what has come to numbers that are none, and tells why", async () => {
  const run = await make({ ...small, depth: 20, optimizer: "sgd", rate: 300, branches: "he" });
  await run.advance(60);
  const { plain, residual } = run.twins;
  const failed = [plain, residual].filter(({ failure }) => failure !== null);
  expect(failed.length).toBeGreaterThan(0);
  for (const { failure, losses } of failed) {
    expect(failure).toMatch(/finite/);
    expect(losses.length).toBeLessThan(60);
  }
  const file = readRunFile(writeRunFile(await run.suspend()));
  expect(file.failures).toEqual({ plain: plain.failure, residual: residual.failure });
  await run.rewind(0);
  expect(run.twins.residual.failure).toBeNull();
});

it("refuses files that are no runs", async () => {
  const run = await make(small);
  const file = writeRunFile(await run.suspend());
  expect(() => readRunFile(new Uint8Array(100))).toThrow();
  expect(() => readRunFile(file.subarray(0, file.length - 1))).toThrow();
  const flipped = file.slice();
  flipped[flipped.length - 5] ^= 1;
  expect(() => readRunFile(flipped)).toThrow();
  const model = await run.twins.plain.model.save();
  expect(() => readRunFile(model)).toThrow(/no run of the laboratory/);
});

it("shows at its defaults what skip connections are for, whatever the seed", async () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    const run = await make({ ...DEFAULTS, seed });
    while (run.step < 600) await run.advance(run.untilReading);
    const { train } = run.readings.at(-1)!;
    expect(train.residual.accuracy).toBeGreaterThan(0.98);
    // Twice the errors and more; the plain net learns next to nothing with most seeds.
    expect(1 - train.plain.accuracy).toBeGreaterThan(2 * (1 - train.residual.accuracy) + 0.05);
  }
});
