// Changed pictures and junk arguments. Longer runs: node scripts/run.js scripts/fuzz.ts pictures --count 100000
import { describe, expect, it } from "vitest";
import { ResnetWasmError } from "../../../src/core/errors.js";
import * as data from "../../../src/faces/data.js";
import { fuzz } from "../../support/fuzz/fuzz.js";
import { picturesTarget } from "../../support/fuzz/pictures.js";
import { junkArguments } from "../../support/junk.js";

it("changed pictures are decoded or refused by a typed error, soon and in bounds", () => {
  const { loaded, refused } = fuzz(picturesTarget(new URL("../../golden/", import.meta.url)), 4000, 1);
  // Both happen, or the changes are too great or too small to tell anything.
  expect(loaded).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(200);
});

describe("junk arguments", () => {
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
    for (const given of junkArguments(1, 400)) {
      try {
        await (called as (...given: unknown[]) => unknown)(...given);
      } catch (error) {
        if (!(error instanceof ResnetWasmError)) throw error;
        expect(error.message.length).toBeLessThan(2500);
      }
    }
  });
});
