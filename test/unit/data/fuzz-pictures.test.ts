// Damaged pictures and junk arguments, at random. FUZZ_RUNS and FUZZ_SEED make a longer run, or another:
//   FUZZ_RUNS=100000 FUZZ_SEED=7 npx vitest run test/unit/data/fuzz-pictures.test.ts
import { describe, expect, it } from "vitest";
import { ResnetWasmError } from "../../../src/core/errors.js";
import { Philox } from "../../../src/core/random.js";
import { decodeFile } from "../../../src/data/image/decode.js";
import * as data from "../../../src/faces/data.js";
import { damaged } from "../../support/damage.js";
import { junkArguments } from "../../support/junk.js";
import { crc32, goldenFile, goldens, turnedGoldens } from "./pictures.js";

const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const runs = Number(process.env["FUZZ_RUNS"] ?? 4000);
/** Damaged headers may claim more; claims up to this are believed. */
const maxPixels = 4_000_000;

/** Checksums put right again, so that damage gets past them to what they guard. */
function resealed(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > file.length) break;
    view.setUint32(end, crc32(file.subarray(at + 4, end)));
    at = end + 4;
  }
  return file;
}

describe(`damaged pictures, seed ${seed}`, () => {
  const names = [...Object.keys(goldens), ...Object.keys(turnedGoldens)].filter((name) => !name.startsWith("1x1"));

  it(`${runs} of them are decoded or refused by a typed error, soon and in bounds`, { timeout: 3_600_000 }, () => {
    const random = new Philox(seed, 1);
    let decoded = 0;
    let slowest = { name: "", ms: 0 };
    for (let run = 0; run < runs; run++) {
      const name = names[random.integer(names.length)];
      let file = damaged(goldenFile(name), random);
      if (name.endsWith(".png") && random.integer(4) > 0) file = resealed(file);
      const begin = performance.now();
      try {
        const picture = decodeFile(file, { fileName: name, maxPixels, exifOrientation: true });
        const channels = picture.data.length / (picture.width * picture.height);
        expect([1, 2, 3, 4]).toContain(channels);
        decoded++;
      } catch (error) {
        if (!(error instanceof ResnetWasmError)) {
          const text = `run ${run} of seed ${seed}, ${name}: ${Buffer.from(file).toString("base64")}`;
          throw new Error(text, { cause: error });
        }
        expect(error.message.length).toBeLessThan(1000);
      }
      const ms = performance.now() - begin;
      if (ms > slowest.ms) slowest = { name, ms };
    }
    // Both happen, or the damage is too great or too small to tell anything.
    expect(decoded).toBeGreaterThan(runs / 100);
    expect(decoded).toBeLessThan(runs);
    expect(slowest.ms, slowest.name).toBeLessThan(5000);
  });
});

describe(`junk arguments, seed ${seed}`, () => {
  const functions = {
    ...{ decodeImage: data.decodeImage, resizeImage: data.resizeImage, transformImage: data.transformImage },
    ...{ transformedShape: data.transformedShape, expectTransform: data.expectTransform, augment: data.augment },
    ...{ cutout: data.cutout, horizontalFlip: data.horizontalFlip, randomCrop: data.randomCrop, mixup: data.mixup },
    ...{ randomErasing: data.randomErasing, randomResizedCrop: data.randomResizedCrop, cutmix: data.cutmix },
    ...{ colorJitter: data.colorJitter, withRows: data.withRows, loadImageFolder: data.loadImageFolder },
    ...{ sha256Hex: data.sha256Hex, toImage: data.toImage, gunzip: data.gunzip, loadMnist: data.loadMnist },
    ...{ loadCifar: data.loadCifar, readCifar: data.readCifar, readIdx: data.readIdx },
  };
  it.each(Object.entries(functions))("to %s are refused by typed errors of bounded length", async (_, called) => {
    for (const given of junkArguments(seed, Math.ceil(runs / 10))) {
      try {
        await (called as (...given: unknown[]) => unknown)(...given);
      } catch (error) {
        if (!(error instanceof ResnetWasmError)) throw error;
        expect(error.message.length).toBeLessThan(2500);
      }
    }
  });
});
