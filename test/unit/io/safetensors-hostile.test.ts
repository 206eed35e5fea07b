// Files made to deceive a reader: each is refused with a FormatError that says what and where, by both readers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, FormatError } from "../../../src/core/errors.js";
import { readSafetensors } from "../../../src/io/safetensors.js";
import { readSafetensorsStream } from "../../../src/io/safetensors-stream.js";
import { writeSafetensors } from "../../../src/io/safetensors-writer.js";
import { f32, fileOf, golden, tensor } from "./files.js";

/** The bytes in chunks of `size`. */
async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function refused(file: Uint8Array, message: string | RegExp): Promise<void> {
  const options = { fileName: "evil.safetensors" };
  const error = await Promise.resolve()
    .then(() => readSafetensors(file, options))
    .catch((reason) => reason);
  expect(error).toBeInstanceOf(FormatError);
  expect(() => {
    throw error;
  }).toThrow(message);
  expect(error.message.startsWith("readSafetensors: evil.safetensors: ")).toBe(true);
  const size = Math.max(7, file.length >> 10);
  await expect(readSafetensorsStream(chunks(file, size), () => {}, options)).rejects.toThrow(FormatError);
}

const eight = new Array(8).fill(0);
const one = (info: string, data: number[] = eight): Uint8Array => fileOf(`{"a":${info}}`, data);

describe("a hostile file", () => {
  const valid = one(f32("[2]", "[0,8]"));
  it("is not this one", () => expect(readSafetensors(valid).tensors.get("a")!.data).toEqual(new Float32Array(2)));

  // biome-ignore format: a table, one case a line
  const cases: [string, Uint8Array, string | RegExp][] = [
    ["empty", new Uint8Array(0), "file expected at least 8 bytes, got 0 bytes"],
    ["cut in the header's length", valid.subarray(0, 7), "file expected at least 8 bytes, got 7 bytes"],
    ["cut in the header", valid.subarray(0, 20), /file expected at least \d+ bytes for its header, got 20 bytes/],
    ["cut in the data", valid.subarray(0, valid.length - 1), /file expected \d+ bytes, got \d+ bytes/],
    ["with a byte too many", Uint8Array.from([...valid, 0]), /file expected \d+ bytes, got \d+ bytes/],
    ["with a header of 2^64 - 1 bytes", fileOf("{}", [], 2n ** 64n - 1n), "header length expected at most 100000000"],
    ["with a header over 100 MB", fileOf("{}", [], 100_000_001n), "header length expected at most 100000000 bytes"],
    ["with a header of 0 bytes", fileOf("", []), "header length expected at least 2 bytes, got 0"],
    ["of invalid UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d)), "header expected UTF-8"],
    ["with a surrogate in UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22)), "header expected UTF-8"],
    ["with a byte order mark", fileOf("\ufeff{}"), '"{" as the first character'],
    ["with space before the header", fileOf(" {}"), 'expected "{" as the first character, got " "'],
    ["that is an array", fileOf("[]"), '"{" as the first character, got "["'],
    ["with text after the header", fileOf("{} x"), 'only spaces after the closing brace, got "x"'],
    ["with a line end after the header", fileOf("{}\n"), "only spaces after the closing brace"],
    ["without an end of the header", fileOf('{"a":'), "got the end of the header"],
    ["with an unended string", fileOf('{"a'), "the end of a string, got the end of the header"],
    ["that ends in a backslash", fileOf('{"a\\'), "the end of a string"],
    ["with a line end in a string", fileOf('{"a\n":1}'), "the end of a string"],
    ["with an unknown escape", fileOf('{"\\x41":1}'), "JSON's escapes"],
    ["with a trailing comma", fileOf(`{"a":${f32("[2]", "[0,8]")},}`, eight), 'a string, got "}"'],
    ["with single quotes", fileOf("{'a':1}"), "a string"],
    ["with two tensors of one name", fileOf(`{"a":${f32("[1]", "[0,4]")},"a":${f32("[1]", "[4,8]")}}`, eight), "again"],
    ["with one name spelt twice", fileOf(`{"a":${f32("[1]", "[0,4]")},"\\u0061":${f32("[1]", "[4,8]")}}`, eight), "again"],
    ["with two __metadata__", fileOf('{"__metadata__":{},"__metadata__":{}}'), '"__metadata__" again'],
    ["with a metadata key twice", fileOf('{"__metadata__":{"k":"1","k":"2"}}'), 'each metadata key once, got "k" again'],
    ["with __proto__ twice in metadata", fileOf('{"__metadata__":{"__proto__":"1","__proto__":"2"}}'), "again"],
    ["with a number in metadata", fileOf('{"__metadata__":{"k":1}}'), "a string"],
    ["with nested metadata", fileOf(`{"__metadata__":${'{"a":'.repeat(1e5)}`), "a string"],
    ["of 10 million brackets", fileOf(`{"a":${"[".repeat(1e7)}`), "{"],
    ["with a lone surrogate", fileOf(`{"\\ud800":${f32("[2]", "[0,8]")}}`, eight), "well-formed Unicode"],
    ["with a lower-case dtype", one('{"dtype":"f32","shape":[2],"data_offsets":[0,8]}'), "Did you mean F32?"],
    ["with an unknown dtype", one('{"dtype":"C64","shape":[1],"data_offsets":[0,8]}'), 'dtype of tensor "a" expected one'],
    ["with dtype __proto__", one('{"dtype":"__proto__","shape":[1],"data_offsets":[0,8]}'), 'got "__proto__"'],
    ["with dtype constructor", one('{"dtype":"constructor","shape":[1],"data_offsets":[0,8]}'), 'got "constructor"'],
    ["with a number for dtype", one('{"dtype":1,"shape":[1],"data_offsets":[0,8]}'), "a string"],
    ["without a dtype", one('{"shape":[2],"data_offsets":[0,8]}'), "no dtype"],
    ["without a shape", one('{"dtype":"F32","data_offsets":[0,8]}'), "no shape"],
    ["without offsets", one('{"dtype":"F32","shape":[2]}'), "no data_offsets"],
    ["with the shape twice", one('{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}'), 'each once, got "shape"'],
    ["with an empty shape twice", one('{"dtype":"F32","shape":[],"shape":[2],"data_offsets":[0,8]}'), "each once"],
    ["with an unknown field", one('{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":0}'), 'each once, got "x"'],
    ["with one offset", one(f32("[2]", "[8]")), "[begin, end] with begin <= end, got [8]"],
    ["with three offsets", one(f32("[2]", "[0,4,8]")), "at most 2 offsets"],
    ["with offsets reversed", one(f32("[2]", "[8,0]")), "[begin, end] with begin <= end, got [8, 0]"],
    ["with a negative offset", one(f32("[2]", "[-8,0]")), "an integer from 0 to 2^53 - 1 in plain digits, got -8"],
    ["with size 1.0", one(f32("[2.0]", "[0,8]")), "plain digits, got 2.0"],
    ["with size 2e0", one(f32("[2e0]", "[0,8]")), "plain digits, got 2e0"],
    ["with size -0", one(f32("[-0]", "[0,0]"), []), "plain digits, got -0"],
    ["with size 02", one(f32("[02]", "[0,8]")), "plain digits, got 02"],
    ["with size +2", one(f32("[+2]", "[0,8]")), "plain digits, got +2"],
    ["with size 0x2", one(f32("[0x2]", "[0,8]")), 'expected "]", got "x"'],
    ["with size true", one(f32("[true]", "[0,8]")), "plain digits, got true"],
    ["with size 2^53", one(f32("[9007199254740992]", "[0,8]")), "plain digits, got 9007199254740992"],
    ["with a size of 400 digits", one(f32(`[${"9".repeat(400)}]`, "[0,8]")), "plain digits, got 9999"],
    ["with an offset of 2^53 + 1", one(f32("[2]", "[0,9007199254740993]")), "plain digits, got 9007199254740993"],
    ["with a shape as a number", one(f32("2", "[0,8]")), '"[", got "2"'],
    ["with a nested shape", one(f32("[[2]]", "[0,8]")), "plain digits, got [2"],
    ["with 65 dimensions", one(f32(`[${"1,".repeat(64)}2]`, "[0,8]")), "at most 64 dimensions"],
    // The product wraps around to 4 in 64 bits: a heap overflow in a C++ reader.
    ["whose shape wraps", one(f32("[4194305,4194305,211106198978564]", "[0,16]"), [...eight, ...eight]), "at most 2^53 - 1 bytes"],
    ["whose shape overflows", one(f32("[9007199254740991,9007199254740991]", "[0,8]")), "at most 2^53 - 1 bytes"],
    ["of more data than it has", one(f32("[3]", "[0,8]")), "12 bytes for F32 [3], got 8 bytes"],
    ["of less data than it has", one(f32("[1]", "[0,8]")), "4 bytes for F32 [1], got 8 bytes"],
    ["of 2^40 elements", one(f32("[1099511627776]", "[0,4398046511104]")), "file expected"],
    ["with a hole before", one(f32("[1]", "[4,8]")), "to begin at 0, where the tensor before ends, got 4"],
    ["with a hole", fileOf(`{"a":${f32("[1]", "[0,4]")},"b":${f32("[1]", "[8,12]")}}`, [...eight, ...eight]), "begin at 4"],
    ["with an overlap", fileOf(`{"a":${f32("[2]", "[0,8]")},"b":${f32("[1]", "[4,8]")}}`, eight), "begin at 8"],
    ["with one range twice", fileOf(`{"a":${f32("[2]", "[0,8]")},"b":${f32("[2]", "[0,8]")}}`, eight), "begin at 8"],
    ["with an empty tensor inside another", fileOf(`{"a":${f32("[2]", "[0,8]")},"b":${f32("[0]", "[4,4]")}}`, eight), "begin at 8"],
    ["with a boolean of 2", one('{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}', [0, 1, 2]), "element 2 (BOOL) expected 0 or 1, got 2"],
    ["with an integer beyond float32", one('{"dtype":"I32","shape":[1],"data_offsets":[0,4]}', [1, 0, 0, 1]), "got 16777217"],
    ["with a long beyond float32", one('{"dtype":"I64","shape":[1],"data_offsets":[0,8]}', [1, 0, 0, 0, 0, 0, 0, 0x80]), "got -9223372036854775807"],
    ["with a double beyond float32", one('{"dtype":"F64","shape":[1],"data_offsets":[0,8]}', [0, 0, 0, 0, 0, 0, 0xf0, 0x7f - 1]), "within float32's"],
  ];
  it.each(cases)("%s is refused", (_, file, message) => refused(file, message));

  it("with 100,001 tensors is refused", async () => {
    const members = Array.from({ length: 100_001 }, (_, i) => `"${i}":${f32("[0]", "[0,0]")}`);
    await refused(fileOf(`{${members}}`), "at most 100000 tensors");
  });
});

describe("an unusual file", () => {
  it("may name tensors like members of Object", () => {
    const names = ["__proto__", "constructor", "hasOwnProperty", "", "\u0000", 'a"b\\c\n'];
    const file = writeSafetensors(new Map(names.map((name) => [name, tensor([1], [7])])), {
      metadata: JSON.parse('{"__proto__":"x","constructor":"y"}'),
    });
    const { tensors, metadata } = readSafetensors(file);
    expect([...tensors.keys()].sort()).toEqual([...names].sort());
    expect(Object.keys(metadata)).toEqual(["__proto__", "constructor"]);
    expect(Object.values(metadata)).toEqual(["x", "y"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it("may have white space, escapes, and tensors in any order", () => {
    const header = `{ "b" :\t${f32("[ 1 ]", "[ 4 , 8 ]")} ,\r\n "\\u00e4\\/\\ud83d\\ude00":${f32("[1]", "[0,4]")}}   `;
    const { tensors } = readSafetensors(fileOf(header, [0, 0, 128, 63, 0, 0, 0, 64]));
    expect([...tensors].map(([name, { data }]) => [name, data[0]])).toEqual([
      ["b", 2],
      ["ä/😀", 1],
    ]);
  });

  it("may have tensors without elements anywhere between others", () => {
    const members = [f32("[0]", "[0,0]"), f32("[2]", "[0,8]"), f32("[3,0]", "[8,8]"), f32("[0,9]", "[8,8]")];
    const { tensors } = readSafetensors(fileOf(`{${members.map((info, i) => `"${i}":${info}`)}}`, eight));
    expect([...tensors.values()].map(({ data }) => data.length)).toEqual([0, 2, 0, 0]);
  });

  it("may hold NaN and infinity, and integers beyond 2^24 when rounding is asked for", () => {
    const { tensors } = readSafetensors(one(f32("[2]", "[0,8]"), [0, 0, 192, 127, 0, 0, 128, 255]));
    expect([...tensors.get("a")!.data]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
    const long = one('{"dtype":"I64","shape":[1],"data_offsets":[0,8]}', [1, 0, 0, 1, 0, 0, 0, 0]);
    expect(() => readSafetensors(long)).toThrow('Pass { integers: "round" }');
    expect(readSafetensors(long, { integers: "round" }).tensors.get("a")!.data[0]).toBe(16777216);
  });
});

describe("arguments", () => {
  it("of the wrong kind are refused", () => {
    expect(() => readSafetensors("x" as never)).toThrow('bytes expected a Uint8Array or ArrayBuffer, got "x"');
    expect(() => readSafetensors(new Float32Array(4) as never)).toThrow(ArgumentError);
    expect(() => readSafetensors(new Uint8Array(), { integers: "floor" as never })).toThrow(ArgumentError);
    expect(() => readSafetensors(new Uint8Array(), { file: "x" } as never)).toThrow(ArgumentError);
  });
});

describe("whatever the bytes", () => {
  const seeds = [
    golden("dtypes.safetensors"),
    writeSafetensors({ a: tensor([2, 3], [1, 2, 3, 4, 5, 6]), b: tensor([], [0]) }, { metadata: { format: "pt" } }),
  ];
  /** Bytes changed, cut, doubled or exchanged; digits, quotes and brackets more often than chance would. */
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    take: fc.integer({ min: 0, max: 12 }),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom('"', "[", "]", "{", "}", ",", ":", "0", "9", "-", "\\", "e", " ", "null").map(encode),
      fc.constantFrom('"a":', '"shape":[', "[0,0]", "9007199254740993", "18446744073709551615", '"F64"').map(encode),
    ),
  });
  function encode(text: string): Uint8Array {
    return new TextEncoder().encode(text);
  }
  const mutated = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([seed, edits, repair]) => {
      let bytes = [...seed];
      for (const { at, take, put } of edits) bytes.splice(Math.floor(at * bytes.length), take, ...put);
      // Half of them get a true header length again, so that the edits reach the parser.
      const end = bytes.lastIndexOf(0x7d) + 1;
      if (repair && end > 8) bytes = [...fileOf(Uint8Array.from(bytes.slice(8, end)), bytes.slice(end))];
      return Uint8Array.from(bytes);
    });

  it("reads or raises a FormatError, quickly", () => {
    let slowest = 0;
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const start = performance.now();
        try {
          let total = 0;
          for (const { data, shape } of readSafetensors(bytes).tensors.values()) {
            expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
            total += data.byteLength;
          }
          expect(total).toBeLessThanOrEqual(4 * bytes.length);
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          expect(error.message.length).toBeLessThan(1000);
        }
        slowest = Math.max(slowest, performance.now() - start);
      }),
      { numRuns: 5000 },
    );
    expect(slowest).toBeLessThan(2000);
  });

  it("is the same to the streaming reader, in chunks of any size", async () => {
    await fc.assert(
      fc.asyncProperty(mutated, fc.integer({ min: 1, max: 64 }), async (bytes, size) => {
        const whole = outcome(() => readSafetensors(bytes).tensors);
        const parts = new Map();
        const streamed = await readSafetensorsStream(chunks(bytes, size), (name, value) => void parts.set(name, value))
          .then(() => "read")
          .catch((error) => (error instanceof FormatError ? "refused" : error));
        expect(streamed).toBe(typeof whole === "string" ? whole : "read");
        if (typeof whole !== "string")
          expect(new Map([...parts].sort(byName))).toEqual(new Map([...whole].sort(byName)));
      }),
      { numRuns: 700 },
    );
  });
  const byName = (a: [string, unknown], b: [string, unknown]): number => (a[0] < b[0] ? -1 : 1);
  function outcome<T>(run: () => T): T | string {
    try {
      return run();
    } catch (error) {
      return error instanceof FormatError ? "refused" : String(error);
    }
  }
});
