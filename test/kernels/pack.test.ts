import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import classic from "../../build/kernels/classic-simd.js";
import relaxed from "../../build/kernels/relaxed.js";
import simd from "../../build/kernels/simd.js";
import { changes } from "../../scripts/kernel-text/changes.js";
import { pack, packTogether } from "../../scripts/kernel-text/pack.js";
import {
  GLOBAL_GET,
  type Instruction,
  instructionsOf,
  type Literal,
  readModule,
} from "../../scripts/kernel-text/wasm.js";
import { Philox } from "../../src/core/random.js";
import { changed } from "../../src/runtime/changed.js";
import { unpack } from "../../src/runtime/unpack.js";

const compiled = (variant: string) =>
  Uint8Array.from(readFileSync(new URL(`../../build/kernels/${variant}.wasm`, import.meta.url)));

const exportsOf = (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module.exports(new WebAssembly.Module(bytes));

describe("packed kernels", () => {
  it.each(["simd", "relaxed"])("are the compiled bytes again: %s", (variant) => {
    const bytes = compiled(variant);
    expect(Buffer.compare(unpack(pack(bytes)), bytes)).toBe(0);
  });

  it("are those of the other variant by few changes, with one dictionary", () => {
    const both = [compiled("simd"), compiled("relaxed")];
    const [from, to] = packTogether(both);
    const all = from.map((text, i) => changes(text, to[i]));
    expect(Buffer.compare(unpack(from), both[0])).toBe(0);
    expect(Buffer.compare(unpack(changed(from, all)), both[1])).toBe(0);
    expect(JSON.stringify(all).length).toBeLessThan(JSON.stringify(to).length / 10);
  });

  it("are found again by changes of any text", () => {
    const random = new Philox(3, 0);
    const text = (length: number) => Array.from({ length }, () => "abc"[random.integer(3)]).join("");
    for (let i = 0; i < 200; i++) {
      const pieces = [text(40), text(random.integer(30)), text(25)];
      const [from, to] = [0, 1].map(() => Array.from({ length: 6 }, () => pieces[random.integer(3)]).join(text(2)));
      expect(changed([from, ""], [changes(from, to), changes("", to)])).toEqual([to, to]);
    }
  });

  it("export what the library calls, and no single kernels", () => {
    const names = exportsOf(unpack(simd)).map(({ name }) => name);
    expect(names.sort()).toEqual(["groups", "run", "serve", "submit"]);
    expect(exportsOf(compiled("simd")).map(({ name }) => name)).toContain("f32_gemm");
  });

  it("are the shipped files, of functions as they were compiled: none is optimised again", () => {
    /** The instructions of each function; functions and variables that are left out give others other numbers. */
    const numbered = ({ head, kinds }: Instruction) => kinds.includes("call") || head[0] === GLOBAL_GET;
    const textOf = (item: Instruction | Literal) =>
      "literal" in item ? `${item.literal};` : `${item.head} ${numbered(item) || item.values};`;
    const functions = (bytes: Uint8Array<ArrayBuffer>): string[] =>
      readModule(bytes).bodies.map((place) => [...instructionsOf(bytes, place)].map(textOf).join(""));
    for (const [variant, texts] of Object.entries({ simd, relaxed, "classic-simd": classic })) {
      const shipped = unpack(texts);
      expect(Buffer.compare(shipped, compiled(`shipped/${variant}`))).toBe(0);
      const known = new Set(functions(compiled(variant)));
      expect(functions(shipped).length).toBeGreaterThan(60);
      expect(
        functions(shipped)
          .filter((text) => !known.has(text))
          .map((text) => text.slice(0, 200)),
      ).toEqual([]);
    }
  });

  it("are text that needs no escapes in a string literal", () => {
    for (const text of [...simd, ...relaxed]) expect(text).toMatch(/^[#-[\]-~]*$/);
  });

  it("keep branch tables, long offsets and 16-byte constants", () => {
    // (func (param i32) (result i32) block block local.get 0 br_table 0 1 0 end end v128.const … drop i32.const -1
    //  i32.load offset=1000) with a memory of one page
    const code = [
      ...[0, 2, 64, 2, 64, 32, 0, 14, 2, 0, 1, 0, 11, 11],
      ...[253, 12, ...Array.from({ length: 16 }, (_, i) => i * 17), 26],
      ...[65, 127, 40, 2, 232, 7, 11],
    ];
    const bytes = Uint8Array.from([
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1],
      ...[10, code.length + 2, 1, code.length, ...code],
    ]);
    expect(WebAssembly.validate(bytes)).toBe(true);
    expect(unpack(pack(bytes))).toEqual(bytes);
  });
});
