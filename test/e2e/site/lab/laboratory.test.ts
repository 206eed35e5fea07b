// The laboratory as the page's worker runs it, without the worker: commands and what is told of them.
import { expect, it } from "vitest";
import { Laboratory } from "../../../../site/lab/core/laboratory.js";
import type { Emit, Event, Events } from "../../../../site/lab/core/protocol.js";
import { DEFAULTS } from "../../../../site/lab/core/settings.js";
import { readCsv } from "../../../../src/faces/data.js";

function laboratory() {
  const told: { event: Event; data: unknown }[] = [];
  const emit: Emit = (event, data) => void told.push({ event, data });
  const of = <E extends Event>(event: E) =>
    told.filter((each) => each.event === event).map(({ data }) => data as Events[E]);
  return { lab: new Laboratory(emit), told, of };
}
const settings = { ...DEFAULTS, depth: 4, width: 8, samples: 50 };
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

it("trains, pauses, steps and rewinds to the same bits, and tells of each", async () => {
  const { lab, of } = laboratory();
  await lab.start(settings, null);
  expect(of("begun")[0].nets.residual.blocks.length).toBe(2);
  expect(of("begun")[0].nets.plain.parameters).toBe(of("begun")[0].nets.residual.parameters);
  await lab.step(40);
  const { hash, step } = of("snapshot").at(-1)!;
  expect(step).toBe(40);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  await lab.run("fast");
  await until(() => of("snapshot").at(-1)!.step >= 120);
  expect(of("snapshot").at(-1)!.hash).toBeUndefined();
  await lab.pause();
  const paused = of("snapshot").at(-1)!;
  expect(paused.running).toBe(false);
  expect(paused.step % 20).toBe(0);
  await lab.rewind(40);
  expect(of("snapshot").at(-1)).toMatchObject({ step: 40, hash });
  expect(of("trouble")).toEqual([]);
});

it("takes commands that come on each other's heels in their order, and the last run wins", async () => {
  const { lab, of } = laboratory();
  await Promise.all([
    lab.start(settings, null),
    lab.run("fast"),
    lab.start({ ...settings, seed: 2 }, null),
    lab.step(3),
    lab.rewind(1),
  ]);
  expect(of("begun").map(({ settings: { seed } }) => seed)).toEqual([1, 2]);
  expect(of("snapshot").at(-1)).toMatchObject({ step: 1, running: false });
  await expect(lab.open(new Uint8Array(9))).rejects.toThrow();
  await lab.step(1);
  expect(of("snapshot").at(-1)!.step).toBe(2);
});

it("saves a run that opens again", async () => {
  const { lab, of } = laboratory();
  const own = { xy: Float32Array.of(-0.5, 0.25, 0.5, 0, 0.1, 0.9), labels: Int32Array.of(0, 1, 1) };
  await lab.start({ ...settings, data: "own" }, own);
  await lab.step(25);
  const { hash } = of("snapshot").at(-1)!;
  const bytes = await lab.save();
  const other = laboratory();
  await other.lab.open(bytes);
  expect(other.of("begun")[0].own).toEqual(own);
  expect(other.of("snapshot")[0]).toMatchObject({ step: 25, hash });
});

it("gives its figures as a spreadsheet", async () => {
  const { lab, of } = laboratory();
  await lab.start(settings, null);
  await lab.step(20);
  await lab.step(3);
  const { columns, length } = readCsv(await lab.figures());
  expect(length).toBe(24);
  const named = (name: string) => columns.find((column) => column.name === name)!.numbers!;
  expect(named("step")).toEqual(Float64Array.from({ length: 24 }, (_, i) => i));
  for (const kind of ["plain", "residual"] as const) {
    const readings = of("snapshot").at(-1)!.readings;
    expect(readings.map(({ step }) => step)).toEqual([0, 20, 23]);
    for (const { step, test } of readings) expect(named(`${kind} test accuracy`)[step]).toBe(test[kind].accuracy);
    expect(named(`${kind} batch loss`)[0]).toBeNaN();
    expect(
      named(`${kind} batch loss`)
        .slice(1)
        .every((loss) => loss > 0),
    ).toBe(true);
  }
});

it("tells lesions and landscapes part by part while it trains on, of the nets as they were", async () => {
  const { lab, of } = laboratory();
  await lab.start(settings, null);
  await lab.step(20);
  const { readings } = of("snapshot").at(-1)!;
  const ends = Promise.all([lab.lesions(), lab.landscape({ side: 9, seed: 1 })]);
  await lab.run("fast");
  await ends;
  await lab.pause();
  const lesions = of("lesion");
  expect(lesions.map(({ kind }) => kind).join(" ")).toBe("plain plain plain plain residual residual");
  for (const { kind, whole } of lesions) expect(whole).toEqual(readings.at(-1)!.train[kind]);
  const parts = of("landscape");
  expect(parts.every(({ step }) => step === 20)).toBe(true);
  expect(parts.map(({ done }) => done).lastIndexOf(false)).toBe(parts.length - 2);
  const points = parts.flatMap(({ points: { residual } }) => residual);
  expect(points.length).toBe(81);
  const middle = points.find(({ column, row }) => column === 4 && row === 4)!;
  expect(middle.loss).toBeCloseTo(readings.at(-1)!.train.residual.loss, 10);
});

it("looks at pictures", async () => {
  const { lab, of } = laboratory();
  await lab.start({ ...settings, data: "glyphs" }, null);
  const { pictures, nets } = of("begun")[0];
  expect(pictures!.labels.length).toBe(20);
  for (const layer of nets.residual.maps) {
    await lab.look({ picture: 3, layer });
    const { looks } = of("snapshot").at(-1)!;
    for (const { maps, probabilities, cam } of Object.values(looks!)) {
      expect(maps.data.length).toBe(maps.count * maps.side ** 2);
      expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      expect(cam.data.length).toBe(cam.side ** 2);
    }
  }
  expect(nets.residual.maps).toEqual(nets.plain.maps);
  await lab.look({ picture: new Float32Array(784), layer: "relu" });
  await expect(lab.look({ picture: 0, layer: "none" })).rejects.toThrow();
  await lab.step(1); // with the layer that was looked at before
});
