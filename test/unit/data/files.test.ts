// Files from folders and addresses: what goes wrong on the way is told, and never kept.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ArgumentError, DataError, FormatError } from "../../../src/core/errors.js";
import { gunzip, loadCifar, loadMnist, sha256Hex } from "../../../src/faces/data.js";

const idx = (shape: number[], count: number): Buffer => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  for (const [i, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, Buffer.alloc(count, 1)]);
};
const good: Record<string, Buffer> = {
  "t10k-images-idx3-ubyte.gz": gzipSync(idx([2, 4, 4], 32)),
  "t10k-labels-idx1-ubyte.gz": gzipSync(idx([2], 2)),
};
const [images, labels] = Object.keys(good);

describe("downloads", () => {
  let server: Server;
  let url: string;
  let cache: string;
  /** What the server does instead of its duty, by file. */
  let faults: Record<string, (response: ServerResponse) => void> = {};
  let asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const name = request.url!.slice(1);
      asked.push(name);
      if (faults[name]) faults[name](response);
      else if (good[name]) response.end(good[name]);
      else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), "cache-"));
    [faults, asked] = [{}, []];
  });
  afterEach(() => rm(cache, { recursive: true }));
  const load = (more: object = {}) => loadMnist(url, { train: false, cache, ...more });

  it("that cannot be read are not kept, and come whole the next time", async () => {
    const bad: [string, (response: ServerResponse) => void, RegExp][] = [
      ["a page", (r) => r.end("\n<!DOCTYPE html><title>Sign in"), /answer of .*gz expected the file, got a web page/],
      ["half of it", (r) => r.end(good[images].subarray(0, 30)), /gunzip: .* expected gzip, got/],
      ["another file", (r) => r.end(good[labels]), /unsigned bytes in 3 dimensions/],
      ["an error", (r) => r.writeHead(503).end(), /expected 200, got 503/],
      [
        "a broken connection",
        (r) => {
          r.writeHead(200, { "Content-Length": "1000" });
          r.write("x");
          setTimeout(() => r.destroy(), 20);
        },
        /expected a whole file, got terminated/,
      ],
    ];
    for (const [name, fault, message] of bad) {
      faults = { [images]: fault };
      const error = await load().catch((e) => e);
      expect(error, name).toSatisfy((e) => e instanceof DataError || e instanceof FormatError);
      expect(error.message, name).toMatch(message);
      expect(await readdir(cache), name).toEqual([]);
    }
    faults = {};
    expect((await load()).length).toBe(2);
    expect((await readdir(cache)).sort()).toEqual([images, labels]);
    asked = [];
    expect((await load()).length).toBe(2);
    expect(asked).toEqual([]);
  });

  it("take the place of copies that cannot be read, with and without a digest", async () => {
    for (const content of ["", "<html>", good[labels], good[images].subarray(0, 20)]) {
      await writeFile(join(cache, images), content);
      expect((await load()).length).toBe(2);
    }
    expect(asked.filter((name) => name === images).length).toBe(4);
  });

  it("from nowhere, or stopped, are told as such", async () => {
    const nowhere = loadMnist("http://127.0.0.1:9/", { train: false });
    await expect(nowhere).rejects.toThrow(DataError);
    await expect(nowhere).rejects.toThrow(
      /loadMnist: answer of http:\/\/127.0.0.1:9\/t10k.* expected a whole file, got/,
    );
    const reason = new Error("enough");
    await expect(load({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(load({ signal: 3 })).rejects.toThrow(ArgumentError);
  });

  it("are no larger than allowed, packed or unpacked", async () => {
    await expect(load({ maxBytes: 20 })).rejects.toThrow(/answer of .* expected at most 20 bytes, got \d+$/);
    faults = {
      [images]: (response) => {
        response.write(Buffer.alloc(1000)); // without a length
        setTimeout(() => response.end(), 50);
      },
    };
    await expect(load({ maxBytes: 500 })).rejects.toThrow("expected at most 500 bytes, got more");
    faults = { [images]: (response) => response.end(gzipSync(idx([2, 1000, 1000], 2e6))) };
    await expect(load({ maxBytes: 1e6 })).rejects.toThrow("at most 1000000 bytes unpacked, got more");
  });
});

describe("folders", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "files-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.skipIf(process.platform === "win32")(
    "with a FIFO, a device or a folder in place of a file never wait",
    async () => {
      const path = join(folder, "test_batch.bin");
      execFileSync("mkfifo", [path]);
      await expect(loadCifar(folder, { train: false })).rejects.toThrow(
        "test_batch.bin expected a readable file, got a FIFO",
      );
      await rm(path);
      await symlink("/dev/zero", path);
      await expect(loadCifar(folder, { train: false })).rejects.toThrow("got a device");
      await rm(path);
      await mkdir(path);
      await expect(loadCifar(folder, { train: false })).rejects.toThrow("got a folder");
      await rm(path, { recursive: true });
      await writeFile(path, Buffer.alloc(2 * 3073));
      expect((await loadCifar(folder, { train: false })).length).toBe(2);
      await expect(loadCifar(folder, { train: false, maxBytes: 100 })).rejects.toThrow(
        "expected at most 100 bytes, got 6146",
      );
    },
  );

  it("of other machines, and options of other kinds, are refused", async () => {
    const refused = async (loading: Promise<unknown>, message: string) => {
      const error = (await loading.catch((e) => e)) as Error;
      expect(error).toBeInstanceOf(ArgumentError);
      expect(error.message).toContain(message);
    };
    await refused(loadMnist("file://host/x", { train: true }), "a file: URL of this machine");
    await refused(loadMnist({} as never, { train: true }), "a folder or a URL");
    await refused(loadMnist(folder, { train: true, cache: 1 as never }), "cache expected a string");
    await refused(loadMnist(folder, { train: true, sha256: "ab" as never }), "sha256 expected digests by file name");
    await refused(loadMnist(folder, undefined as never), "train expected true or false");
    await refused(loadCifar(folder, { train: true, kind: "cifar11" as never }), "kind expected");
    await refused(loadCifar(folder, { train: true, files: "a" as never }), "files expected an array of names");
  });
});

describe("gunzip", () => {
  it("takes memory of the size that is claimed, whatever that is", async () => {
    const data = Buffer.alloc(3_000_000, 7);
    const packed = Uint8Array.from(gzipSync(data));
    const unpacked = await gunzip(packed);
    expect(unpacked.byteLength).toBe(3_000_000);
    expect(unpacked.buffer.byteLength).toBe(3_000_000);
    expect(unpacked.every((byte) => byte === 7)).toBe(true);
    // Two members, as `cat a.gz b.gz` makes them: the last one's length is not that of all.
    const both = await gunzip(Uint8Array.from(Buffer.concat([packed, gzipSync("end")])));
    expect(both.length).toBe(3_000_003);
    const claims = packed.slice();
    claims.fill(255, -4);
    await expect(gunzip(claims, "a.gz")).rejects.toThrow("gunzip: a.gz: file expected gzip, got");
  });

  it("and sha256Hex take shared memory, and nothing but bytes", async () => {
    const packed = gzipSync("abc");
    const shared = new Uint8Array(new SharedArrayBuffer(packed.length));
    shared.set(packed);
    expect(Buffer.from(await gunzip(shared)).toString()).toBe("abc");
    expect(await sha256Hex(shared)).toBe(await sha256Hex(Uint8Array.from(packed)));
    await expect(gunzip("abc" as never)).rejects.toThrow(ArgumentError);
    await expect(gunzip(packed, "a", Number.NaN)).rejects.toThrow(ArgumentError);
  });
});
