// fileStore: whole files, one writer, locks of processes that have ended.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { QuotaError, StoreError } from "../../../src/core/errors.js";
import { fileSystem } from "../../../src/hosts/node/file-system.js";
import type { Store } from "../../../src/stores/store.js";
import { fileStore } from "../../../src/stores/stores.js";
import { keepsFiles } from "./contract.js";

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "store-"));
  folder = join(parent, "runs/7");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(parent, { recursive: true, force: true });
});

const open = () => fileStore(folder) as Required<Store>;
const lockPath = () => join(folder, ".lock");
const heldBy = (holder: object, path = lockPath()) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, JSON.stringify(holder));
};

describe("fileStore", () => {
  keepsFiles(open);

  it("takes a path or a file: URL, and makes the folder when it is first written to", async () => {
    const store = fileStore(pathToFileURL(folder));
    expect(await store.list()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    await store.write("a", Uint8Array.of(1));
    expect(readdirSync(folder)).toEqual(["a"]);
    await expect(fileStore(1 as never).list()).rejects.toThrow(/folder expected a path/);
  });

  it("leaves the old file and nothing else where a write fails", async () => {
    const store = open();
    await store.write("a", Uint8Array.of(1));
    for (const [code, kind] of [
      ["ENOSPC", QuotaError],
      ["EDQUOT", QuotaError],
      ["EIO", StoreError],
    ] as const) {
      vi.spyOn(fileSystem, "rename").mockRejectedValueOnce(Object.assign(new Error(`${code}: no`), { code }));
      const refusal = await store.write("a", Uint8Array.of(2)).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(kind);
      expect((refusal as Error).message).toContain(`${code}: no`);
      expect([...(await store.read("a"))!]).toEqual([1]);
      expect(readdirSync(folder)).toEqual(["a"]);
    }
  });

  it("takes away what a killed process has begun, and nothing of others", async () => {
    mkdirSync(folder, { recursive: true });
    const begun = ".a.123e4567-e89b-42d3-a456-426614174000.part";
    for (const name of [begun, ".mine.part", "notes.part"]) writeFileSync(join(folder, name), "x");
    await open().write("a", Uint8Array.of(1));
    expect(readdirSync(folder).sort()).toEqual([".mine.part", "a", "notes.part"]);
    expect((await open().list()).sort()).toEqual(["a", "notes.part"]);
  });

  it("reads nothing that is no file", async () => {
    mkdirSync(join(folder, "sub"), { recursive: true });
    await expect(open().read("sub")).rejects.toThrow(/got a folder/);
    expect(await open().list()).toEqual([]);
  });
});

describe("the lock of a folder", () => {
  it("refuses a second store in the same process, and comes free", async () => {
    const [a, b] = [open(), open()];
    const release = await a.lock();
    await expect(b.lock()).rejects.toThrow(StoreError);
    await expect(b.write("x", Uint8Array.of(1))).rejects.toThrow(/in use by process \d+ on/);
    expect(await b.list()).toEqual([]);
    await a.write("x", Uint8Array.of(1));
    await release();
    await b.write("x", Uint8Array.of(2));
    expect(readdirSync(folder)).toEqual(["x"]);
  });

  it("waits for others that write single files", async () => {
    const stores = Array.from({ length: 4 }, open);
    await Promise.all(stores.map((store, i) => store.write(`f${i}`, Uint8Array.of(i))));
    expect((await open().list()).length).toBe(4);
  });

  it("is taken over at once from a process that has ended", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    heldBy({ ...fileSystem.thisProcess(), pid: child.pid, token: "gone" });
    const release = await open().lock();
    expect(JSON.parse(readFileSync(lockPath(), "utf8")).pid).toBe(process.pid);
    await release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is taken over from a process whose number another one has now", async () => {
    heldBy({ ...fileSystem.thisProcess(), start: "1", token: "before" });
    await (await open().lock())();
  });

  it.each([
    ["of another machine", () => ({ pid: 1, host: "elsewhere", start: "1", token: "t" })],
    ["of a file that is no lock", () => []],
  ])("is kept for a minute of silence: %s", async (_, holder) => {
    heldBy(holder());
    await expect(open().lock()).rejects.toThrow(/free a minute after/);
    utimesSync(lockPath(), new Date(), new Date(Date.now() - 61_000));
    await (await open().lock())();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is taken over by one of many", async () => {
    heldBy({ ...fileSystem.thisProcess(), start: "1", token: "before" });
    const locks = await Promise.allSettled(Array.from({ length: 8 }, () => open().lock()));
    expect(locks.filter(({ status }) => status === "fulfilled").length).toBe(1);
  });

  it("is not written past when it was taken over or deleted", async () => {
    const store = open();
    const release = await store.lock();
    heldBy({ pid: 1, host: "elsewhere", start: "1", token: "other" });
    await expect(store.write("a", Uint8Array.of(1))).rejects.toThrow(
      /lock expected held by this process, got taken over/,
    );
    await release();
    expect(JSON.parse(readFileSync(lockPath(), "utf8")).token).toBe("other");
  });

  it("works without hard links", async () => {
    vi.spyOn(fileSystem, "link").mockRejectedValue(Object.assign(new Error("no links"), { code: "EPERM" }));
    const release = await open().lock();
    await expect(open().lock()).rejects.toThrow(StoreError);
    await release();
    heldBy({ ...fileSystem.thisProcess(), start: "1", token: "before" });
    await (await open().lock())();
    expect(readdirSync(folder)).toEqual([]);
  });
});
