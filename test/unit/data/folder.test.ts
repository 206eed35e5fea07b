// Folders of pictures as people have them.
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArgumentError, DataError, FormatError } from "../../../src/core/errors.js";
import { cropImage } from "../../../src/data/image/pixels.js";
import {
  augment,
  colorJitter,
  horizontalFlip,
  type Image,
  loadImageFolder,
  mixup,
  randomResizedCrop,
  subset,
} from "../../../src/faces/data.js";
import { image } from "./picture.js";
import { goldenFile, png } from "./pictures.js";
import { read } from "./read.js";

const images = new URL("../../golden/images/", import.meta.url);
const transform = { resize: [5, 7], mean: [0, 0, 0], std: [1, 1, 1] } as const;
const posix = process.platform !== "win32";

describe("loadImageFolder", () => {
  let root: string;
  const put = async (from: string, to: string): Promise<void> => {
    await mkdir(join(root, to, ".."), { recursive: true });
    await copyFile(new URL(from, images), join(root, to));
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "images-"));
    await put("rgb.png", "dog/b.png");
    await put("grey.png", "dog/deep/a.PNG");
    await put("smooth.jpg", "cat/1.jpeg");
    await put("smooth.jpg", "stray.jpg");
    await put("decoded.json", "cat/notes.json");
  });
  afterEach(() => rm(root, { recursive: true }));
  const paths = ["cat/1.jpeg", "dog/b.png", "dog/deep/a.PNG"];

  it("reads classes by name, with and without prefetching and cache", async () => {
    const dataset = await loadImageFolder(root, { transform });
    expect(dataset).toMatchObject({ length: 3, inputShape: [5, 7, 3], classes: 2, classNames: ["cat", "dog"] });
    expect(dataset.paths).toEqual(paths);
    const { x, y } = read(dataset);
    expect([...y]).toEqual([0, 1, 1]);
    expect(x.subarray(105, 210)).toEqual(Float32Array.from(image(7, 5, 3).data, (value) => value / 255));
    const lean = await loadImageFolder(pathToFileURL(root), { transform, cacheBytes: 0 });
    await lean.prefetch!([2, 0]);
    expect(read(lean, [2, 0]).x.subarray(105)).toEqual(x.subarray(0, 105));
    expect(read(lean).x).toEqual(x);
  });

  it("passes over what systems leave behind", async () => {
    for (const path of [
      ".hidden/1.jpeg",
      "cat/._1.jpeg",
      "cat/.ipynb_checkpoints/1-checkpoint.jpeg",
      "__MACOSX/cat/1.jpeg",
      "cat/__MACOSX/1.jpeg",
      "@eaDir/cat/1.jpeg",
      "dog/@eaDir/b.png/SYNOPHOTO_THUMB_M.jpg",
      "$RECYCLE.BIN/x.jpg",
    ])
      await put("smooth.jpg", path);
    await writeFile(join(root, "dog", "Thumbs.db"), "");
    await mkdir(join(root, "nothing"));
    const dataset = await loadImageFolder(root, { transform });
    expect(dataset.paths).toEqual(paths);
    expect(dataset.classNames).toEqual(["cat", "dog"]);
    expect(await dataset.verify()).toEqual([]);
  });

  it("takes folders that are named like pictures for folders", async () => {
    await put("rgb.png", "dog/album.jpg/1.png");
    await mkdir(join(root, "cat", "empty.png"));
    await put("rgb.png", "birds.png/1.png");
    const dataset = await loadImageFolder(root, { transform });
    expect(dataset.paths).toEqual([
      "birds.png/1.png",
      "cat/1.jpeg",
      "dog/album.jpg/1.png",
      "dog/b.png",
      "dog/deep/a.PNG",
    ]);
    expect(dataset.classNames).toEqual(["birds.png", "cat", "dog"]);
  });

  it.skipIf(!posix)("follows links, and ends where they go in circles", async () => {
    await symlink(join(root, "dog"), join(root, "wolf"));
    await symlink(join(root, "cat", "1.jpeg"), join(root, "cat", "2.jpeg"));
    await symlink(join(root, "dog"), join(root, "dog", "deep", "again"));
    await symlink(root, join(root, "dog", "up"));
    await symlink(join(root, "nowhere"), join(root, "cat", "gone.png"));
    await symlink(join(root, "loop"), join(root, "loop"));
    // Each of twenty folders has two links to the next: a million paths, and twenty folders.
    for (let i = 0; i < 20; i++) {
      await mkdir(join(root, `chain${i}`));
      if (i > 0)
        for (const name of ["a", "b"]) await symlink(join(root, `chain${i}`), join(root, `chain${i - 1}`, name));
    }
    await put("rgb.png", "chain19/x.png");
    const dataset = await loadImageFolder(root, { transform });
    const plain = dataset.paths.filter((path) => !path.startsWith("chain") && !path.includes("/up/"));
    expect(plain).toEqual([
      "cat/1.jpeg",
      "cat/2.jpeg",
      "cat/gone.png",
      "dog/b.png",
      "dog/deep/a.PNG",
      "wolf/b.png",
      "wolf/deep/a.PNG",
    ]);
    expect(dataset.paths.filter((path) => path.startsWith("chain0/"))).toEqual([`chain0/${"a/".repeat(19)}x.png`]);
    expect(await dataset.verify()).toMatchObject([{ path: "cat/gone.png" }]);
  });

  it.skipIf(!posix)("never waits for FIFOs, sockets and devices", async () => {
    execFileSync("mkfifo", [join(root, "cat", "pipe.png")]);
    await symlink("/dev/zero", join(root, "dog", "zero.png"));
    const server: Server = createServer().listen(join(root, "dog", "socket.png"));
    await new Promise((listening) => server.once("listening", listening));
    try {
      const dataset = await loadImageFolder(root, { transform });
      expect(dataset.length).toBe(6);
      const bad = await dataset.verify();
      expect(bad.map(({ path }) => path)).toEqual(["cat/pipe.png", "dog/socket.png", "dog/zero.png"]);
      expect(bad.map(({ reason }) => /a regular file, got a (\w+)$/.exec(reason)?.[1])).toEqual([
        "FIFO",
        "socket",
        "device",
      ]);
      expect(() => read(dataset, [1])).toThrow(DataError);
      await expect(dataset.prefetch!([1])).rejects.toThrow(
        "cat/pipe.png expected a regular file, got a FIFO. verify() lists",
      );
    } finally {
      await new Promise((closed) => server.close(closed));
    }
  });

  it("counts pictures of formats that are not read, so that none vanishes", async () => {
    await mkdir(join(root, "bird"));
    await writeFile(join(root, "bird", "1.webp"), "RIFFxxxxWEBP");
    await writeFile(join(root, "bird", "2.tif"), "II*\0");
    const dataset = await loadImageFolder(root, { transform });
    expect(dataset).toMatchObject({ length: 5, classNames: ["bird", "cat", "dog"], skipped: [] });
    expect(() => read(dataset, [0])).toThrow(
      /bird\/1\.webp: file expected JPEG or PNG, got WebP\. Save it as .*verify\(\) lists all such files, skipUnreadable: true/,
    );
    expect((await dataset.verify()).map(({ path }) => path)).toEqual(["bird/1.webp", "bird/2.tif"]);
  });

  it("leaves out what cannot be read where that is asked for, and counts it", async () => {
    await mkdir(join(root, "bird"));
    await writeFile(join(root, "bird", "1.webp"), "RIFFxxxxWEBP");
    await writeFile(join(root, "cat", "0.png"), "no image");
    await writeFile(join(root, "dog", "cut.jpg"), goldenFile("smooth.jpg").subarray(0, 700));
    for (const cacheBytes of [0, 2 ** 20]) {
      const dataset = await loadImageFolder(root, { transform, skipUnreadable: true, cacheBytes });
      expect(dataset.paths).toEqual(paths);
      // The class stays, so that others keep their indices.
      expect(dataset.classNames).toEqual(["bird", "cat", "dog"]);
      expect([...read(dataset).y]).toEqual([1, 2, 2]);
      expect(dataset.skipped.map(({ path }) => path)).toEqual(["bird/1.webp", "cat/0.png", "dog/cut.jpg"]);
      expect(dataset.skipped[1].reason).toContain("cat/0.png: file expected JPEG or PNG, got bytes 6e 6f 20 69");
      expect(await dataset.verify()).toEqual([]);
      expect(read(dataset, [1]).x).toEqual(Float32Array.from(image(7, 5, 3).data, (value) => value / 255));
    }
    for (const path of paths) await writeFile(join(root, path), "");
    await expect(loadImageFolder(root, { transform, skipUnreadable: true })).rejects.toThrow(
      "folder expected images that can be read, got 6 that cannot",
    );
  });

  it("gives classes the indices of the training folder", async () => {
    const classNames = ["dog", "bird", "cat"];
    const dataset = await loadImageFolder(root, { transform, classNames });
    expect(dataset).toMatchObject({ classes: 3, classNames });
    expect([...read(dataset).y]).toEqual([2, 0, 0]);
    const lacking = loadImageFolder(root, { transform, classNames: ["bird", "cat"] });
    await expect(lacking).rejects.toThrow(DataError);
    await expect(lacking).rejects.toThrow('class of dog/b.png expected one of ["bird", "cat"], got "dog". A folder to');
    await expect(loadImageFolder(root, { transform, classNames: ["cat", "dog", "cat"] })).rejects.toThrow(
      ArgumentError,
    );
    await expect(loadImageFolder(root, { transform, classNames: [] })).rejects.toThrow("unique names, got []");
    await expect(loadImageFolder(root, { transform, classNames: [1] as never })).rejects.toThrow("classNames[0]");
  });

  it("turns pictures upright unless told not to, and bounds their size", async () => {
    const turned = await mkdtemp(join(tmpdir(), "turned-"));
    await mkdir(join(turned, "a"));
    await writeFile(join(turned, "a", "1.png"), goldenFile("orientation 6.png"));
    const small = { resize: [5, 3], mean: [0, 0, 0], std: [1, 1, 1] } as const;
    const upright = await loadImageFolder(turned, { transform: small });
    const { decodeImage } = await import("../../../src/faces/data.js");
    const { data } = await decodeImage(goldenFile("orientation 6.png"));
    expect(read(upright).x).toEqual(Float32Array.from(data, (value) => value / 255));
    const stored = await loadImageFolder(turned, { transform: small, exifOrientation: false });
    expect(read(stored).x).not.toEqual(read(upright).x);
    const bounded = await loadImageFolder(turned, { transform: small, maxPixels: 14 });
    expect(await bounded.verify()).toMatchObject([
      { path: "a/1.png", reason: expect.stringContaining("1 to 14 pixels") },
    ]);
    await rm(turned, { recursive: true });
  });

  describe("with augmentations", () => {
    /** A picture of `scale` times 8 x 8 fields, each with a fine pattern that goes away when it is made small. */
    const large = async (scale: number): Promise<Image> => {
      const side = 8 * scale;
      const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255);
      const rows = Array.from({ length: side }, (_, y) => [0, ...data.subarray(y * side * 3, (y + 1) * side * 3)]);
      await mkdir(join(root, "a"), { recursive: true });
      await writeFile(
        join(root, "a", "0.png"),
        png({ width: side, height: side, depth: 8, type: 2 }, Uint8Array.from(rows.flat())),
      );
      return { data, width: side, height: side };
    };
    const mean = [0.5, 0.4, 0.3];
    const std = [0.2, 0.3, 0.4];
    const normal = { resize: [8, 8], mean, std } as const;
    const normalised = (values: Float32Array): Float32Array =>
      Float32Array.from(values, (value, i) => (value - mean[i % 3]) / std[i % 3]);

    it("cuts parts out of whole pictures and makes these small, as torchvision does", async () => {
      const picture = await large(4);
      const options = { scale: [1 / 16, 1 / 16], ratio: [1, 1] } as const;
      const folder = await loadImageFolder(root, { transform: normal });
      const augmented = augment(folder, [randomResizedCrop(options)], { seed: 5 });
      const { x, y } = read(augmented, [0], 3);
      expect([...y]).toEqual([0]);
      // The box is 8 x 8 pixels of the picture: they come through as they are.
      const places = [...Array(25 * 25).keys()].map((i) => ({
        top: Math.floor(i / 25),
        left: i % 25,
        height: 8,
        width: 8,
      }));
      const found = places.filter((box) => {
        const part = Float32Array.from(cropImage(picture, box).data, (value) => value / 255);
        return normalised(part).every((value, i) => Math.abs(value - x[i]) < 1e-5);
      });
      expect(found.length).toBe(1);
      expect(read(augmented, [0], 3).x).toEqual(x);
      expect(read(augmented, [0], 4).x).not.toEqual(x);
      // Parts of the dataset, prefetching and no cache change nothing.
      const lean = await loadImageFolder(root, { transform: normal, cacheBytes: 0 });
      const part = augment(subset(lean, [2, 0]), [horizontalFlip({ p: 0 }), randomResizedCrop(options)], { seed: 5 });
      await part.prefetch!([0, 1], 3);
      expect(read(part, [1]).x.length).toBe(192);
      const whole = augment(lean, [randomResizedCrop(options)], { seed: 5 });
      await whole.prefetch!([0], 3);
      expect(read(whole, [0], 3).x).toEqual(x);
    });

    it("keeps pictures no larger than the smallest part needs", async () => {
      await large(60); // 480 x 480; a quarter of the area is 240 x 240, thirty times a sample
      const full = { scale: [0.25, 0.25], ratio: [1, 1] } as const;
      const folder = await loadImageFolder(root, { transform: normal, cacheBytes: 3 * 16 * 16 + 3 * 8 * 8 * 4 });
      const augmented = augment(folder, [randomResizedCrop(full)]);
      const { x } = read(augmented, [0], 0);
      await rm(join(root, "a", "0.png"));
      expect(read(augmented, [0], 0).x).toEqual(x);
    });

    it("changes colours before they are normalised", async () => {
      await large(1);
      const folder = await loadImageFolder(root, { transform: normal });
      const plain = await loadImageFolder(root, { transform: { ...normal, mean: [0, 0, 0], std: [1, 1, 1] } });
      const jitter = colorJitter({ brightness: [1.5, 1.5] });
      const expected = normalised(read(augment(plain, [jitter]), [0], 0).x);
      for (const [i, value] of read(augment(folder, [jitter]), [0], 0).x.entries())
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
      const mixed = augment(folder, [jitter, mixup({ alpha: 1 })]);
      expect(read(mixed, [0, 1], 0).x.length).toBe(2 * 192);
    });
  });

  it("stops to verify on a signal", async () => {
    const dataset = await loadImageFolder(root, { transform });
    await expect(dataset.verify({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    await expect(dataset.verify({ abort: 1 } as never)).rejects.toThrow(ArgumentError);
  });

  it("says what is wrong", async () => {
    const absent = loadImageFolder(join(root, "none"), { transform });
    await expect(absent).rejects.toThrow(DataError);
    await expect(absent).rejects.toThrow("loadImageFolder: folder expected a readable folder, got ENOENT");
    await expect(loadImageFolder(join(root, "dog"), { transform })).resolves.toMatchObject({ classNames: ["deep"] });
    await expect(loadImageFolder(join(root, "dog", "deep"), { transform })).rejects.toThrow(
      "images at <class>/<name>.jpg",
    );
    const sizes = { resize: 5, mean: [0], std: [1] };
    await expect(loadImageFolder(root, { transform: sizes })).rejects.toThrow(
      "crop, or resize: [height, width], got 5 without crop",
    );
    await expect(loadImageFolder(3 as never, { transform })).rejects.toThrow("a path or a file: URL, got 3");
    await expect(loadImageFolder(root, {} as never)).rejects.toThrow(ArgumentError);
    await expect(loadImageFolder(root, undefined as never)).rejects.toThrow(ArgumentError);

    await mkdir(join(root, "zebra"));
    await writeFile(join(root, "zebra", "broken.png"), "no image");
    const dataset = await loadImageFolder(root, { transform });
    expect(() => read(dataset, [3])).toThrow("decodeImage: zebra/broken.png: file expected JPEG or PNG");
    await expect(dataset.prefetch!([3])).rejects.toThrow(FormatError);
    await rm(join(root, "zebra"), { recursive: true });
    expect(() => read(dataset, [3])).toThrow("zebra/broken.png expected a readable file, got ENOENT");
    expect(read(dataset, [0]).y[0]).toBe(0);
  });
});
