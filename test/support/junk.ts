// Arguments that nobody means, for functions that shall answer with a typed error.
import { pathToFileURL } from "node:url";
import { Philox } from "../../src/core/random.js";

/** What junk throws when it is looked at: it may pass as it is, being the caller's own. */
class OwnError extends Error {
  override name = "OwnError";
}

/** What arguments throw: the fuzzer's own, what the engine says of a proxy that was revoked, a reason to abort. */
export function isOwn(error: unknown): boolean {
  if (error instanceof OwnError) return true;
  if (!(error instanceof Error)) return false;
  return (
    error.name === "AbortError" ||
    /revoked|'get' on proxy|proxy: trap|Class constructors? .*cannot be invoked without/.test(error.message) ||
    isOwn(error.cause ?? null)
  );
}

const fail = (): never => {
  throw new OwnError("thrown by an argument");
};

function cyclic(): unknown {
  const record: Record<string, unknown> = { name: "a" };
  record.self = record;
  return record;
}

function cyclicArray(): unknown {
  const list: unknown[] = [1];
  list.push(list);
  return list;
}

function detached<T extends ArrayBufferView | ArrayBuffer>(memory: T): T {
  const buffer = ArrayBuffer.isView(memory) ? memory.buffer : memory;
  structuredClone(null, { transfer: [buffer as ArrayBuffer] });
  return memory;
}

/** A view of a buffer that was made smaller afterwards, where the runtime has such buffers. */
function shrunk(): unknown {
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: object,
  ) => ArrayBuffer & { resize?(n: number): void };
  const buffer = new Resizable(16, { maxByteLength: 64 });
  const view = new Float32Array(buffer);
  buffer.resize?.(3);
  return view;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function rejected(): unknown {
  const promise = Promise.reject(new OwnError("rejected by an argument"));
  promise.catch(() => {});
  return promise;
}

/** Values of every kind, each made anew. */
export const JUNK: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => false,
  // Numbers
  () => 0,
  () => -0,
  () => 1,
  () => 2,
  () => 3,
  () => -1,
  () => 1.5,
  () => 1e-300,
  () => 255,
  () => 1e9,
  () => 2 ** 31 - 1,
  () => 2 ** 31,
  () => 2 ** 32 + 1,
  () => 2 ** 53,
  () => Number.MAX_VALUE,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => Number.NEGATIVE_INFINITY,
  () => 1n,
  () => 10n ** 400n,
  () => Object(3),
  // Text
  () => "",
  () => "x",
  () => "1",
  () => "__proto__",
  () => "constructor",
  () => "toString",
  () => "\ud800",
  () => "a".repeat(10_000),
  () => "🙂\u0000\n".repeat(50),
  () => "<!doctype html>",
  () => "http://127.0.0.1:1/x",
  () => Object("x"),
  () => Symbol("s"),
  () => Symbol.iterator,
  // Functions and classes
  () => () => 1,
  () => async () => 1,
  () => fail,
  () => function* () {},
  () => class {},
  () => Object.defineProperty(() => 1, "name", { value: Symbol("n") }),
  () => Math.max,
  // Lists
  () => [],
  () => [1],
  () => [1, 2, 3, 4],
  () => [Number.NaN],
  () => [[1]],
  () => [[1, 2], [3]],
  () => [null],
  () => ["a", "b"],
  () => Array(3),
  () => Array(1000).fill("long"),
  () => Array(100_000).fill(1),
  () => Object.assign(Array(3), { 0: 1, 2: 3 }),
  () => cyclicArray(),
  () => Array.from({ length: 200 }).reduce((inner) => [inner], 1),
  () => [Symbol("s"), 1n, { a: 1 }],
  () => Object.freeze([1, 2]),
  () => Object.assign([1, 2], { length: 100_000 }),
  // Records
  () => ({}),
  () => ({ length: 3 }),
  () => ({ length: -1 }),
  () => ({ length: 2 ** 53 }),
  () => ({ length: "3", 0: 1 }),
  () => Object.create(null),
  () => Object.create({ inherited: 1 }),
  () => cyclic(),
  () => ({ a: { b: { c: [1, { d: 2 }] } } }),
  () => Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key ${i}`, i])),
  () => JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
  () => ({ toString: fail }),
  () => ({ valueOf: fail, [Symbol.toPrimitive]: fail }),
  () => ({ toJSON: fail }),
  () => ({ toJSON: () => undefined }),
  () => ({ [Symbol.toStringTag]: "Uint8Array" }),
  () => ({ [Symbol.toStringTag]: "ArrayBuffer", byteLength: 8 }),
  () => ({ [Symbol.toStringTag]: "Map" }),
  () => ({ [Symbol.toStringTag]: "WebAssembly.Module" }),
  () => ({ [Symbol.toStringTag]: "URL" }),
  () => ({ [Symbol.toStringTag]: "RegExp" }),
  () => ({
    get [Symbol.toStringTag]() {
      return fail();
    },
  }),
  () => Object.defineProperty({}, "x", { get: fail, enumerable: true }),
  () => Object.defineProperty({}, "constructor", { get: fail }),
  () => Object.defineProperty([1, 2], 1, { get: fail }),
  () => ({ [Symbol.iterator]: fail }),
  () => ({ [Symbol.iterator]: () => ({}) }),
  () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
  // Memory
  () => new Uint8Array(0),
  () => Uint8Array.of(255, 216, 255, 224),
  () => new Uint8Array(1000).fill(0x80),
  () => new Uint8ClampedArray(48),
  () => new Int8Array(4),
  () => new Int32Array([0, 1, 2, -1]),
  () => new Uint32Array(4).fill(2 ** 32 - 1),
  () => new Float32Array(3),
  () => new Float32Array(4).fill(Number.NaN),
  () => new Float64Array(4).fill(1e300),
  () => new BigInt64Array(2),
  () => new ArrayBuffer(4),
  () => new SharedArrayBuffer(8),
  () => new Uint8Array(new SharedArrayBuffer(8)),
  () => new DataView(new ArrayBuffer(4)),
  () => Buffer.from("x"),
  () => detached(new Uint8Array(8)),
  () => detached(new Float32Array(4)),
  () => detached(new ArrayBuffer(8)),
  () => shrunk(),
  // Objects of the platform
  () => new Map(),
  () => new Map<unknown, unknown>([[{}, Symbol("s")]]),
  () => new Map([["a", 1]]),
  () => new Set([1]),
  () => new WeakMap(),
  () => new Date(Number.NaN),
  () => new Date(0),
  () => /x/,
  () => /(a+)+$/g,
  () => new Error("an error"),
  () => pathToFileURL("x"), // in the folder at hand
  () => new URL("https://127.0.0.1:1/"),
  () => Promise.resolve(1),
  () => rejected(),
  () => new Proxy({}, {}),
  () => new Proxy([1, 2, 3, 4], {}),
  () => new Proxy(new Float32Array(4), {}),
  () => new Proxy(new Map([["a", 1]]), {}),
  () => new Proxy(new Uint8Array(8), {}),
  () => new Proxy(new ArrayBuffer(8), {}),
  () => new Proxy(() => 1, {}),
  () => new Proxy({}, { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail, getPrototypeOf: fail }),
  () => new Proxy({}, { get: (_, key) => (typeof key === "symbol" ? undefined : 1) }),
  () => revoked(),
  () => globalThis,
  () => new AbortController().signal,
  () => AbortSignal.abort(),
  () => new Blob(["x"]),
  () => new ReadableStream(),
  () => new Response("x"),
  // What some of the functions take
  () => ({ data: 1 }),
  () => ({ data: [1, 2], shape: [2] }),
  () => ({ data: [1, 2], shape: [3] }),
  () => ({ data: new Float32Array(4), shape: [-1, -4] }),
  () => ({ data: new Float32Array(4), shape: [2 ** 40, 2 ** 40] }),
  () => ({ data: new Float32Array(4), shape: { length: 1, 0: 4 } }),
  () => ({ data: new Uint8Array(12), width: 2, height: 2 }),
  () => ({ data: new Uint8Array(12), width: 2, height: "2" }),
  () => ({ data: new Float32Array(12), width: 2, height: 2 }),
  () => ({ data: new Uint8Array(65535), width: 65535, height: 1 }),
  () => ({ mean: [0], std: [1] }),
  () => ({ mean: [0], std: [1n] }),
  () => ({ mean: [0, 0, 0], std: [1, 1, 1], crop: 65535 }),
  () => ({ mean: [0, 0, 0], std: [1, 1, 1], resize: [65535, 65535] }),
  () => ({ mean: [0], std: [1], resize: [1, null] }),
  () => ({ transform: { resize: [4, 4], mean: [0], std: [1] } }),
  () => ({ type: "Linear", args: [2, 1] }),
  () => ({ type: "Sequential", args: [null, {}] }),
  () => ({ type: "mse", options: { x: 1 } }),
  () => ({ type: "constructor", args: [] }),
  () => ({ length: 4, inputShape: [4], targets: "class", classes: 2, get: fail }),
  () => ({ length: 4, inputShape: [4], targets: "class", classes: 2, get: () => {} }),
  () => ({ length: 2 ** 53, inputShape: [], targets: "value", targetShape: null, get: 1 }),
];

export const anyJunk = (random: Philox): unknown => JUNK[random.integer(JUNK.length)]!();

/** `count` lists of one to four values, the same for the same seed. */
export function* junkArguments(seed: number, count: number): Generator<unknown[]> {
  const random = new Philox(seed, 0);
  for (let i = 0; i < count; i++) yield Array.from({ length: 1 + random.integer(4) }, () => anyJunk(random));
}
