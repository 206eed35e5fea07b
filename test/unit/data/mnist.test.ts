import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ArgumentError, DataError, FormatError } from "../../../src/core/errors.js";
import {
  FASHION_MNIST_CLASSES,
  FASHION_MNIST_SHA256,
  gunzip,
  loadMnist,
  readIdx,
  sha256Hex,
} from "../../../src/faces/data.js";
import { read } from "./read.js";

const idx = (type: number, shape: number[], data: number[]): Uint8Array => {
  const sizes = shape.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...sizes, ...data]);
};

describe("readIdx", () => {
  it("reads every type, big-endian", () => {
    const cases: [number, number[], number[]][] = [
      [8, [1, 255], [1, 255]],
      [9, [1, 255], [1, -1]],
      [11, [1, 0, 255, 254], [256, -2]],
      [12, [0, 1, 0, 0, 255, 255, 255, 255], [65536, -1]],
      [13, [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], [1, -2]],
      [14, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], [1, -2]],
    ];
    for (const [type, bytes, values] of cases) {
      const { shape, data } = readIdx(idx(type, [2, 1], bytes));
      expect(shape).toEqual([2, 1]);
      expect([...data]).toEqual(values);
    }
    expect(readIdx(idx(8, [0, 5], []).buffer as ArrayBuffer).shape).toEqual([0, 5]);
  });

  it("refuses what is no idx file", () => {
    const bad = (bytes: number[] | Uint8Array, message: string) => {
      const run = () => readIdx(Uint8Array.from(bytes), "x.idx");
      expect(run).toThrow(FormatError);
      expect(run).toThrow(`readIdx: x.idx: ${message}`);
    };
    bad([], "file expected at least 4 bytes, got 0 bytes");
    bad([0, 1, 8, 1, 0, 0, 0, 0], "first two bytes expected 0, 0, got 0, 1");
    bad(gzipSync("x"), "first two bytes expected 0, 0, got 31, 139. This is gzip");
    bad([0, 0, 10, 1, 0, 0, 0, 0], "type code expected 8, 9, 11, 12, 13, 14, got 10");
    bad([0, 0, 8, 0], "file expected at least one dimension");
    bad([0, 0, 8, 2, 0, 0, 0, 1], "file expected at least one dimension and 12 bytes for the sizes, got 8 bytes");
    bad(idx(8, [2], [1]), "file expected 10 bytes for [2], got 9 bytes");
    bad(idx(12, [1], [1, 2, 3, 4, 5]), "file expected 12 bytes for [1], got 13 bytes");
    bad(idx(8, new Array(255).fill(2 ** 32 - 1), []), "file expected Infinity bytes");
    expect(() => readIdx("x" as never)).toThrow(ArgumentError);
  });

  it("reads any bytes or raises a FormatError", () => {
    const header = fc.tuple(
      fc.constantFrom(8, 9, 11, 12, 13, 14),
      fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }),
      fc.uint8Array({ maxLength: 50 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          header.map(([type, shape, data]) => idx(type, shape, [...data])),
        ),
        (bytes) => {
          try {
            const { shape, data } = readIdx(bytes);
            expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("gunzip", () => {
  it("unpacks, and refuses damage and bombs", async () => {
    const packed = gzipSync(new Uint8Array(100_000));
    expect(await gunzip(packed)).toEqual(new Uint8Array(100_000));
    await expect(gunzip(packed, "a.gz", 99_999)).rejects.toThrow(
      "gunzip: a.gz: file expected at most 99999 bytes unpacked",
    );
    await expect(gunzip(packed.subarray(0, 50))).rejects.toThrow(FormatError);
    const damaged = Uint8Array.from(packed);
    damaged[damaged.length - 6]! ^= 1;
    await expect(gunzip(damaged)).rejects.toThrow(FormatError);
    await expect(gunzip(Uint8Array.of(1, 2, 3))).rejects.toThrow("file expected gzip");
  });
});

describe("loadMnist", () => {
  let folder: string;
  let server: Server;
  let url: string;
  const requests: string[] = [];
  const images = idx(8, [3, 2, 2], [0, 255, 51, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  const labels = idx(8, [3], [9, 0, 4]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mnist-"));
    await mkdir(join(folder, "data"));
    await writeFile(join(folder, "data", "train-images-idx3-ubyte.gz"), gzipSync(images));
    await writeFile(join(folder, "data", "train-labels-idx1-ubyte"), labels);
    await writeFile(join(folder, "data", "t10k-images-idx3-ubyte"), images);
    await writeFile(join(folder, "data", "t10k-labels-idx1-ubyte"), idx(8, [2], [1, 2]));
    server = createServer(async (request, response) => {
      requests.push(request.url!);
      const name = request.url!.split("/").pop()!;
      if (request.url!.startsWith("/broken/")) response.writeHead(500).end();
      else if (!existsSync(join(folder, "data", name))) response.writeHead(404).end("no");
      else response.end(await readFile(join(folder, "data", name)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  it("reads a folder, packed or not", async () => {
    const dataset = await loadMnist(join(folder, "data"), { train: true });
    expect(dataset).toMatchObject({ length: 3, inputShape: [4], classes: 10 });
    const { x, y } = read(dataset);
    expect([...x.subarray(0, 4)]).toEqual([0, 1, Math.fround(0.2), 0]);
    expect([...y]).toEqual([9, 0, 4]);
    const images = await loadMnist(pathToFileURL(join(folder, "data")), { train: true, flatten: false });
    expect(images.inputShape).toEqual([2, 2, 1]);
  });

  it("refuses files that are absent or do not fit", async () => {
    const absent = loadMnist(folder, { train: true });
    await expect(absent).rejects.toThrow(DataError);
    await expect(absent).rejects.toThrow("source expected train-images-idx3-ubyte.gz or train-images-idx3-ubyte in ");
    await expect(loadMnist(join(folder, "data"), { train: false })).rejects.toThrow(
      "loadMnist: t10k labels expected 3, one for each image, got 2",
    );
    await expect(loadMnist(join(folder, "data"), {} as never)).rejects.toThrow(ArgumentError);
    await expect(loadMnist(5 as never, { train: true })).rejects.toThrow("source expected a folder or a URL, got 5");
    const names = { train: true, classNames: ["one"] };
    await expect(loadMnist(join(folder, "data"), names)).rejects.toThrow("y[0] expected a class from 0 to 0, got 9");
  });

  it("fetches once into the cache, whole files only, and checks digests", async () => {
    const cache = join(folder, "cache");
    const packed = await readFile(join(folder, "data", "train-images-idx3-ubyte.gz"));
    const sha256 = { "train-images-idx3-ubyte.gz": await sha256Hex(packed) };
    requests.length = 0;
    const first = await loadMnist(url, { train: true, cache, sha256 });
    expect(requests).toEqual([
      "/data/train-images-idx3-ubyte.gz",
      "/data/train-labels-idx1-ubyte.gz",
      "/data/train-labels-idx1-ubyte",
    ]);
    expect((await readdir(cache)).sort()).toEqual(["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"]);
    requests.length = 0;
    const second = await loadMnist(new URL(url), { train: true, cache, sha256 });
    expect(requests).toEqual(["/data/train-labels-idx1-ubyte.gz"]); // the packed name, which is not there
    expect(read(second)).toEqual(read(first));

    // A damaged copy in the cache is fetched again; a damaged source is refused, and not kept.
    await writeFile(join(cache, "train-images-idx3-ubyte.gz"), packed.subarray(0, 20));
    expect(read(await loadMnist(url, { train: true, cache, sha256 }))).toEqual(read(first));
    expect(await readFile(join(cache, "train-images-idx3-ubyte.gz"))).toEqual(packed);
    const other = join(folder, "other");
    const wrong = { "train-images-idx3-ubyte.gz": "0".repeat(64) };
    const refused = loadMnist(url, { train: true, cache: other, sha256: wrong });
    await expect(refused).rejects.toThrow(DataError);
    await expect(refused).rejects.toThrow(`SHA-256 of train-images-idx3-ubyte.gz expected ${"0".repeat(64)}, got `);
    expect(existsSync(other)).toBe(false);
    const short = { train: true, sha256: { "train-images-idx3-ubyte.gz": "12" } };
    await expect(loadMnist(url, short)).rejects.toThrow('64 hexadecimal digits, got "12"');
  });

  it("says what a server answered", async () => {
    await expect(loadMnist(url.replace("/data", "/broken"), { train: true })).rejects.toThrow("expected 200, got 500");
    await expect(loadMnist(`${url}/nothing/`, { train: false, signal: AbortSignal.abort() })).rejects.toThrow("abort");
  });

  const fashion = new URL("../../../../shared/data/fashion-mnist", import.meta.url);
  it.skipIf(!existsSync(fashion))("reads Fashion-MNIST (skipped without ../shared/data)", async () => {
    const dataset = await loadMnist(fashion, {
      train: false,
      sha256: FASHION_MNIST_SHA256,
      classNames: FASHION_MNIST_CLASSES,
    });
    expect(dataset).toMatchObject({ length: 10_000, inputShape: [784], classes: 10 });
    const { x, y } = read(dataset);
    expect([...y.subarray(0, 10)]).toEqual([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
    expect(x.reduce((a, b) => a + b, 0) / x.length).toBeCloseTo(0.2868, 3);
    for (let label = 0; label < 10; label++) expect(y.filter((other) => other === label).length).toBe(1000);
  });
});
