// Kernels that somebody fetched: the files of this version work, everything else is refused at once.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { GROUPS } from "../../../src/abi/records.js";
import { FormatError, ResnetWasmError } from "../../../src/core/errors.js";
import { createModel, Linear, loadModel } from "../../../src/hosts/node/index.js";
import { loadModel as loadForInference } from "../../../src/hosts/node/inference.js";
import { openModel } from "../worker/open.js";

const folder = new URL("../../../dist/kernels/", import.meta.url);
const read = (name: string): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(new URL(name, folder)));
const file = read("classic-simd.wasm");
const options = { inputShape: [4], seed: 3 };
const create = (wasm: unknown, more = {}) =>
  createModel(new Linear(4, 2), { ...options, wasm: wasm as Uint8Array, ...more });

const changed = (at: number): Uint8Array => {
  const copy = file.slice();
  copy[at]! ^= 1;
  return copy;
};
const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0];
const page = text(`<!doctype html><title>404</title><p>${"not found ".repeat(100)}`);

/** [what, bytes, what the hint says] */
const others: [string, Uint8Array, RegExp][] = [
  ["nothing", bytes(), /fetch it anew/],
  ["nine bytes, the length of a section without an end", bytes(...HEAD, 0x80), /fetch it anew/],
  ["a length of a megabyte of continued bytes", bytes(...HEAD, 1, ...Array(1e5).fill(0x80)), /fetch it anew/],
  ["an empty module", bytes(...HEAD), /fetch it anew/],
  ["a page that says 404", page, /a page in place of the file/],
  ["a page as long as kernels", text(`<html>${" ".repeat(file.length - 6)}`), /a page in place of the file/],
  ["the file packed by gzip", new Uint8Array(gzipSync(file)), /packed by gzip/],
  ["the file twice", new Uint8Array([...file, ...file]), /fetch it anew/],
  ["half the file", file.slice(0, file.length >> 1), /fetch it anew/],
  ["all of the file but a byte", file.slice(0, -1), /fetch it anew/],
  ["a valid module with another section", bytes(...file, 0, 2, 1, 120), /fetch it anew/],
  ["another byte in the head", changed(3), /fetch it anew/],
  ["another byte in the types", changed(30), /fetch it anew/],
  ["another number in the code", changed(file.length >> 1), /fetch it anew/],
  ["another byte at the end", changed(file.length - 1), /fetch it anew/],
  ["64 megabytes of zeros", new Uint8Array(2 ** 26), /fetch it anew/],
];

describe("kernels of one's own", () => {
  it.each(others)("that are %s are refused at once", async (_, wasm, hint) => {
    const start = performance.now();
    const error = await create(wasm).catch((thrown: unknown) => thrown as Error);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(
      /^createModel: wasm expected a file of resnet-wasm\/kernels\/, got \d+ bytes/,
    );
    expect((error as Error).message).toMatch(hint);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it("are refused where their memory was given away", async () => {
    for (const wasm of [file.slice(), file.slice().buffer]) {
      structuredClone(null, { transfer: [wasm instanceof Uint8Array ? wasm.buffer : wasm] });
      await expect(create(wasm)).rejects.toThrow(
        /createModel: wasm expected a Uint8Array or ArrayBuffer, got .*detached/,
      );
    }
  });

  it("are refused when a saved model is loaded, by all entries, and in a worker", async () => {
    const model = await create(file);
    const saved = await model.save();
    for (const load of [loadModel, loadForInference])
      await expect(load(saved, { wasm: page })).rejects.toThrow(/a page in place of the file/);
    const refused = await openModel(new Linear(4, 2), { ...options, wasm: page }).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(ResnetWasmError);
    expect((refused as Error).message).toMatch(/wasm expected a file of resnet-wasm\/kernels\//);
  });

  it("of this version work, each file, with one thread and with two, and are not changed", async () => {
    const x = Float32Array.of(1, 2, 3, 4);
    const expected = (await createModel(new Linear(4, 2), { ...options, relaxedSimd: false })).predict(x).data;
    const names = readdirSync(folder).filter((name) => name.endsWith("simd.wasm"));
    // For training and for predictions alone: those in eight bits are of the second kind, wide ones of the first.
    expect(names).toHaveLength(2 * GROUPS.length);
    for (const name of names)
      for (const threads of [1, { force: 2 }]) {
        const wasm = read(name);
        const model = await create(wasm, { threads });
        expect(model.predict(x).data).toEqual(expected);
        expect(wasm).toEqual(read(name));
        model.dispose();
      }
  });
});
