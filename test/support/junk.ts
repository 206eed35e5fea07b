// Arguments that nobody means, for functions that shall answer with a typed error.
import { Philox } from "../../src/core/random.js";

/** Values of every kind, made anew each time. */
const junk = (): unknown[] => [
  ...[undefined, null, true, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e9, 2 ** 40, 1n, "", "x"],
  ...["a".repeat(10_000), Symbol("s"), () => 1, async () => 1, class {}, new Map(), new Date(Number.NaN), /x/],
  ...[[], [1], [Number.NaN], [[1]], Array(1000).fill("long"), {}, { length: 3 }, Object.create(null), new WeakMap()],
  ...[
    new Uint8Array(0),
    Uint8Array.of(255, 216, 255, 224),
    new Float32Array(3),
    new BigInt64Array(2),
    new ArrayBuffer(4),
  ],
  ...[new DataView(new ArrayBuffer(4)), Buffer.from("x"), Promise.resolve(1), new Proxy({}, {}), new URL("file:///x")],
  {
    toString() {
      throw new Error("no string");
    },
  },
  { data: 1 },
  { data: new Uint8Array(12), width: 2, height: 2 },
  { data: new Uint8Array(12), width: 2, height: "2" },
  { data: new Float32Array(12), width: 2, height: 2 },
  { data: new Uint8Array(65535), width: 65535, height: 1 },
  { mean: [0], std: [1] },
  { mean: [0], std: [1n] },
  { mean: [0, 0, 0], std: [1, 1, 1], crop: 65535 },
  { mean: [0, 0, 0], std: [1, 1, 1], resize: [65535, 65535] },
  { mean: [0], std: [1], resize: [1, null] },
  { transform: { resize: [4, 4], mean: [0], std: [1] } },
];

/** `count` lists of one to four values, the same for the same seed. */
export function* junkArguments(seed: number, count: number): Generator<unknown[]> {
  const random = new Philox(seed, 0);
  for (let i = 0; i < count; i++) {
    yield Array.from({ length: 1 + random.integer(4) }, () => {
      const values = junk();
      return values[random.integer(values.length)];
    });
  }
}
