// What every store does, for own stores too.
import { expect, it } from "vitest";
import { ArgumentError, StoreError } from "../../../src/core/errors.js";
import type { Store } from "../../../src/stores/store.js";

/** `open` gives a store on the same empty place each time within a test. */
export function keepsFiles(open: () => Required<Store> | Promise<Required<Store>>): void {
  it("keeps files by name, each its own copy", async () => {
    const store = await open();
    expect(await store.list()).toEqual([]);
    expect(await store.read("a.bin")).toBeUndefined();
    const bytes = Uint8Array.of(1, 2, 3, 4);
    await store.write("a.bin", bytes.subarray(1, 3));
    bytes.fill(9);
    expect([...(await store.read("a.bin"))!]).toEqual([2, 3]);
    (await store.read("a.bin"))!.fill(7);
    expect([...(await store.read("a.bin"))!]).toEqual([2, 3]);
    await store.write("b", new Uint8Array(0));
    await store.write("a.bin", Uint8Array.of(5));
    expect([...(await store.read("a.bin"))!]).toEqual([5]);
    expect((await store.read("b"))!.length).toBe(0);
    expect((await store.list()).sort()).toEqual(["a.bin", "b"]);
    await store.delete("a.bin");
    await store.delete("a.bin");
    expect(await store.read("a.bin")).toBeUndefined();
    expect(await store.list()).toEqual(["b"]);
  });

  it("refuses names that not every store can have, and what are no bytes", async () => {
    const store = await open();
    for (const name of ["", ".hidden", "../up", "a/b", "a\\b", "ü", "x".repeat(201), 1, null]) {
      await expect(store.read(name as string), String(name)).rejects.toThrow(ArgumentError);
      await expect(store.write(name as string, new Uint8Array(1))).rejects.toThrow(/name expected letters/);
      await expect(store.delete(name as string)).rejects.toThrow(ArgumentError);
    }
    for (const bytes of [undefined, "text", [1, 2], new Float32Array(1)])
      await expect(store.write("a", bytes as never)).rejects.toThrow(/bytes expected a Uint8Array/);
    expect(await store.list()).toEqual([]);
  });

  it("lets one write at a time", async () => {
    const store = await open();
    const release = await store.lock();
    await expect(store.lock()).rejects.toThrow(StoreError);
    await Promise.all([store.write("a", Uint8Array.of(1)), store.write("b", Uint8Array.of(2))]);
    await release();
    await release();
    const again = await store.lock();
    await store.write("a", Uint8Array.of(3));
    await again();
    expect([...(await store.read("a"))!]).toEqual([3]);
  });

  it("takes many writes at a time", async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.write(`f${i % 5}`, new Uint8Array(1000).fill(i))));
    for (const name of await store.list()) {
      const bytes = (await store.read(name))!;
      expect(new Set(bytes).size).toBe(1);
      expect(bytes[0] % 5).toBe(Number(name.slice(1)));
    }
  });
}
