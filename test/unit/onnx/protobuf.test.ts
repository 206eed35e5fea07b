// The wire format: what is written reads back, by another hand's bytes too; files made to deceive are refused.
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/core/errors.js";
import { decodeMessage, encodeMessage, type Message, Reading } from "../../../src/onnx/protobuf.js";
import { readModel, writeModel } from "../../../src/onnx/read.js";
import { fuzz } from "../../support/fuzz/fuzz.js";
import { onnxTarget } from "../../support/fuzz/onnx.js";
import { infoOf, modelOf, netOf, node, tensorOf } from "../../support/onnx-build.js";

const INNER: Message = { 1: ["a", "int"], 7: ["again", () => INNER] };
const ALL: Message = {
  1: ["int", "int"],
  2: ["float", "float"],
  3: ["double", "double"],
  4: ["text", "string"],
  5: ["bytes", "bytes"],
  6: ["inner", () => INNER],
  9: ["ints", "int", "many"],
  10: ["floats", "float", "many"],
  11: ["texts", "string", "many"],
  200: ["inners", () => INNER, "many"],
};
const decode = (...bytes: number[]) => decodeMessage(Uint8Array.from(bytes), ALL, new Reading("read", bytes.length));

describe("messages", () => {
  it("read back as they were written", () => {
    const value = {
      int: -5,
      float: 0.5,
      double: 0.1,
      text: "π",
      bytes: Uint8Array.of(1, 2),
      inner: { a: 2 ** 40, again: { a: 0 } },
      ints: [0, 1, 127, 128, 2 ** 31, -1, -(2 ** 62)],
      texts: ["", "b"],
      inners: [{ a: 1 }, {}],
    };
    const bytes = encodeMessage({ ...value, floats: [1, 2.5] }, ALL);
    const read = decodeMessage(bytes, ALL, new Reading("read", bytes.length));
    expect(read).toEqual({ ...value, floats: Float32Array.of(1, 2.5) });
  });

  it("may have numbers in pieces and unpacked, and fields that nobody knows", () => {
    expect(decode(9 * 8, 1, 9 * 8 + 2, 2, 2, 3, 9 * 8, 4)).toEqual({ ints: [1, 2, 3, 4] });
    expect(decode(10 * 8 + 5, 0, 0, 128, 63, 10 * 8 + 5, 0, 0, 0, 64)).toEqual({ floats: [1, 2] });
    expect(
      decode(15 * 8, 1, 15 * 8 + 1, 1, 2, 3, 4, 5, 6, 7, 8, 15 * 8 + 2, 1, 9, 15 * 8 + 5, 1, 2, 3, 4, 8, 7),
    ).toEqual({ int: 7 });
    expect(decode(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)).toEqual({ int: -1 });
  });

  it.each([
    ["cut in a tag", [0x80], "1 more bytes, got 0"],
    ["cut in a number", [8, 0x80], "1 more bytes"],
    ["cut in a float", [2 * 8 + 5, 1, 2], "4 more bytes, got 2"],
    ["cut in a text", [4 * 8 + 2, 5, 97], "5 more bytes, got 1"],
    ["with a number of 11 bytes", [8, ...new Array(10).fill(0x80), 1], "at most 10 bytes"],
    ["with a length below zero", [4 * 8 + 2, ...new Array(9).fill(0xff), 1], "a length, got -1"],
    ["with a length of 2^62", [4 * 8 + 2, ...new Array(8).fill(0x80), 0x40], "more bytes"],
    ["of field 0", [0, 1], "a field of number 1 or more, got 0"],
    ["with a group", [15 * 8 + 3], "wire type 0, 1, 2 or 5, got 3"],
    ["of another wire type", [8 + 5, 0, 0, 0, 0], "wire type 0 for int, got 5"],
    ["with a text for a number", [8 + 2, 1, 0], "wire type 0 for int, got 2"],
    ["with a field twice", [8, 1, 8, 1], "int once, got twice"],
    ["with a part of a float in many", [10 * 8 + 2, 3, 0, 0, 0], "a multiple of 4 bytes, got 3"],
    ["with a part of a number in many", [9 * 8 + 2, 1, 0x80, 9], "whole integers"],
    ["with another text than UTF-8", [4 * 8 + 2, 1, 0xff], "UTF-8"],
  ])("%s are refused", (_, bytes, message) => {
    expect(() => decode(...bytes)).toThrow(FormatError);
    expect(() => decode(...bytes)).toThrow(message);
  });

  it("in one another a hundred times, and a million of them, are refused", () => {
    let bytes: Uint8Array = Uint8Array.of(8, 1);
    for (let i = 0; i < 40; i++) bytes = Uint8Array.of(7 * 8 + 2, bytes.length, ...bytes);
    expect(() => decode(6 * 8 + 2, bytes.length, ...bytes)).toThrow("at most 32 messages in one another");
    const many = Uint8Array.from({ length: 2 ** 20 }, (_, i) => [0xc2, 0x0c, 0][i % 3]!);
    expect(() => decodeMessage(many, ALL, new Reading("read", many.length))).toThrow("fewer objects");
  });
});

describe("hostile graphs", () => {
  it("write and read the same", () => {
    const model = modelOf(
      13,
      ["n", 2],
      [node("Relu", ["x"], ["y"], { a: 1, b: [1, -2], c: "t", d: { f: 0.5 } })],
      [tensorOf("w", [2], [1, 2])],
    );
    const bytes = writeModel(model);
    const read = readModel(bytes, new Reading("read", bytes.length));
    expect(writeModel(read)).toEqual(bytes);
    expect(
      read.graph!.node![0]!.attribute!.map(({ name, i, ints, s, f }) => [
        name,
        i ?? ints ?? f ?? new TextDecoder().decode(s),
      ]),
    ).toEqual([
      ["a", 1],
      ["b", [1, -2]],
      ["c", "t"],
      ["d", 0.5],
    ]);
  });

  it("of functions that call the next twice are refused, whatever they would come to", () => {
    const call = (i: number) => node(`F${i}`, ["a"], ["b"], {}, { domain: "f" });
    const functions = Array.from({ length: 17 }, (_, i) => ({
      name: `F${i}`,
      domain: "f",
      input: ["a"],
      output: ["c"],
      node: Array.from({ length: 8 }, (_, k) => ({
        ...call(i + 1),
        input: [k === 0 ? "a" : `b${k - 1}`],
        output: [k === 7 ? "c" : `b${k}`],
      })),
    }));
    const start = performance.now();
    expect(() =>
      netOf(modelOf(13, ["n", 2], [node("F0", ["x"], ["y"], {}, { domain: "f" })], [], { functions })),
    ).toThrow(FormatError);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("do not fill the memory from a few bytes", () => {
    const huge = (opType: string, ...sizes: number[]) =>
      modelOf(13, ["n", 2], [node(opType, ["s"], ["y"])], [tensorOf("s", [sizes.length], sizes, 7)]);
    expect(() => netOf(huge("ConstantOfShape", 2 ** 20, 2 ** 20))).toThrow("at most 262144 elements");
    const range = modelOf(
      13,
      ["n", 2],
      [node("Range", ["a", "b", "c"], ["y"])],
      ["a", "b", "c"].map((name, i) => tensorOf(name, [], [[0, 2 ** 40, 1][i]!], 7)),
    );
    expect(() => netOf(range)).toThrow("at most 262144 elements");
    // Each of 30 additions of a row and a column squares the size.
    const grown = [...Array(30).keys()].flatMap((i) => [
      node("Concat", [`v${i}`, `v${i}`], [`v${i + 1}`], { axis: 0 }),
    ]);
    const model = modelOf(13, ["n", 2], [...grown, node("Add", ["x", "v30"], ["y"])], [tensorOf("v0", [1], [1])]);
    expect(() => netOf(model)).toThrow(FormatError);
  });

  it("may name values like members of Object", () => {
    const model = modelOf(
      13,
      ["n", 1],
      [node("Relu", ["__proto__"], ["constructor"]), node("Relu", ["constructor"], ["y"])],
    );
    model.graph!.input = [infoOf("__proto__", ["n", 1])];
    expect(netOf(model).steps.length).toBe(2);
    expect(() => netOf(modelOf(13, ["n", 1], [node("__proto__", ["x"], ["y"])]))).toThrow("got __proto__");
    expect(() => netOf(modelOf(13, ["n", 1], [node("constructor", ["x"], ["y"])]))).toThrow("got constructor");
  });
});

describe("3,000 mutated files", () => {
  it("are refused with a typed error or load, in time and memory", async () => {
    const { loaded, refused } = await fuzz(onnxTarget(), 3000, 20261126);
    expect(loaded).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(1000);
  });
});
