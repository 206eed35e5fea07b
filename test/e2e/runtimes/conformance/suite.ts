/** What a conformance case is, and the few checks it needs. No test framework: the suite runs wherever JavaScript does. */

/** The package's main entry, as a runtime loads it. */
export type Library = typeof import("../../../../src/hosts/node/index.js");
/** The entry for inference alone. */
export type Inference = typeof import("../../../../src/hosts/node/inference.js");
/** The entry for networks in eight bits, where the program has it. */
export type Eight = typeof import("../../../../src/hosts/node/quantize.js") | undefined;
export type Model = Awaited<ReturnType<Library["createModel"]>>;
export type Layer = InstanceType<Library["Layer"]>;

/** What is known of a runtime beforehand. Plain data but for the module: it travels into pages and workers. */
export interface Environment {
  name: string;
  /** Threads of a model that asks for two. */
  threads: 1 | 2;
  /** What `model.info.why` gives as the reason for one thread, where there is but one. */
  whyOneThread?: string;
  /** Whether `relaxedSimd: "auto"` finds relaxed SIMD. */
  relaxedSimd: boolean;
  /** The kernels, for hosts that may not compile them. */
  wasm?: WebAssembly.Module;
  /** What is in the names of the cases to run. Default: all. */
  only?: string;
}

export interface Context {
  library: Library;
  inference: Inference;
  eight: Eight;
  environment: Environment;
  /** A model on one thread without relaxed SIMD, unless asked otherwise, that wakes threads for every step. */
  create(network: Layer, inputShape: number[], options?: { threads?: number; seed?: number }): Promise<Model>;
  /** Records a value for the report. */
  note(key: Note, value: string): void;
}

export type Cases = Record<string, (context: Context) => void | Promise<void>>;

/** What the report tells besides: SHA-256 of the weights after 100 steps of each net, threads, relaxed SIMD. */
export type Note = "dense" | "images" | "threads" | "relaxed";

export interface CaseResult {
  name: string;
  /** Null where the case passed. */
  error: string | null;
  /** 0 where the runtime's clock stands still. */
  ms: number;
}

export interface Report {
  environment: string;
  results: CaseResult[];
  notes: Partial<Record<Note, string>>;
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(a === b, `${what}: expected ${b}, got ${a}`);
}

/** The same bits, number for number. */
export function equalNumbers(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  equal(actual.length, expected.length, `${what}, length`);
  for (let i = 0; i < actual.length; i++)
    check(Object.is(actual[i], expected[i]), `${what}[${i}]: expected ${expected[i]}, got ${actual[i]}`);
}

/** NaN is above every limit. */
export function atMost(actual: number, limit: number, what: string): void {
  check(actual <= limit, `${what}: expected at most ${limit}, got ${actual}`);
}

/** Runs a call that must fail with an error of this class, whose message contains `text`. */
export async function fails(
  call: () => unknown,
  kind: abstract new (...args: never[]) => Error,
  text: string,
): Promise<void> {
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  check(error !== undefined, `expected an error with "${text}", got none`);
  check(error instanceof kind, `expected a ${new (kind as never as new () => Error)().name}, got ${error}`);
  check(error.message.includes(text), `expected an error with "${text}", got "${error.message}"`);
}

/** SHA-256 of the bits of some arrays, in hexadecimal. */
export async function hashOf(arrays: Iterable<Float32Array<ArrayBuffer>>): Promise<string> {
  const bytes = [...arrays].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  const all = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
