import { readCsv, readIdx } from "../../../src/faces/data.js";
import type { Target } from "./fuzz.js";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Texts with quotes, missing fields, numbers in all spellings, lines of all systems. */
export const csvTarget = (): Target => ({
  files: [
    'name,size,"the kind"\n"a ""b""",1.5,x\nc,,y\n,-2e3,x\n',
    "a;b;c\r\n1;2;3\r\n4;.5;NA\r\n",
    `${Array.from({ length: 30 }, (_, i) => `c${i}`)}\n${Array.from({ length: 30 }, (_, i) => i / 7)}\n`,
  ].map(encode),
  read(bytes) {
    const { columns, length } = readCsv(new TextDecoder().decode(bytes), { target: -1 });
    for (const { text } of columns) if (text.length !== length) throw new Error(`${text.length} of ${length} fields`);
    return columns.reduce((sum, { numbers }) => sum + (numbers?.byteLength ?? 0), 0);
  },
});

/** Arrays of every type. */
export const idxTarget = (): Target => ({
  files: [8, 9, 11, 12, 13, 14].map((type) => {
    const size = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 }[type]!;
    return Uint8Array.of(0, 0, type, 2, 0, 0, 0, 3, 0, 0, 0, 4, ...Array.from({ length: 12 * size }, (_, i) => i * 9));
  }),
  read(bytes) {
    const { shape, data } = readIdx(bytes);
    if (shape.reduce((product, side) => product * side, 1) !== data.length) throw new Error(`${shape}: ${data.length}`);
    return data.byteLength;
  },
});
