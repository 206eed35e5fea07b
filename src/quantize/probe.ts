/** Whether the instructions of relaxed SIMD for integers give the sums that they should, and which of them are faster here. */
import { CONTROL } from "../abi/control.js";
import { encodeRecord } from "../abi/encode.js";
import { int8FilterBytes, int8FilterSizes, int8Scratch, int8Sizes } from "../abi/int8.js";
import { now } from "../core/ability.js";
import { roundUp } from "../core/shape.js";
import { hasRelaxedSimd } from "../runtime/features.js";
import type { Host } from "../runtime/host.js";
import { instantiate } from "../runtime/instance.js";

export interface Sequences {
  /** False where an engine's first compiler gives wrong sums (V8 11 behind its flag, with weights below 0). */
  relaxed: boolean;
  /** The processor has an instruction for four products. */
  vnni: boolean;
}

/** A product of 32 rows by 32 columns over 256 inputs: 10 microseconds. */
const ROWS = 32;
const SHAPE = {
  ...{ batch: 1, h: 1, w: ROWS, ic: 256, oh: 1, ow: ROWS, oc: 32, kh: 1, kw: 1, strideH: 1, strideW: 1 },
  ...{ dilationH: 1, dilationW: 1, padTop: 0, padLeft: 0, groups: 1 },
};

/** What is asked once in a process. */
let asked: Promise<Sequences> | undefined;

export function sequences(kernels: Host["kernels"], noRelaxed: string | null): Promise<Sequences> {
  if (noRelaxed !== null || !hasRelaxedSimd()) return Promise.resolve({ relaxed: false, vnni: false });
  asked ??= kernels("relaxed", false, "int8").then(probe);
  asked.catch(() => {
    asked = undefined;
  });
  return asked;
}

function probe(module: WebAssembly.Module): Sequences {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536 });
  const { run } = instantiate(module, memory);
  if (!run) return { relaxed: false, vnni: false };
  let top: number = CONTROL.bytes;
  const place = (bytes: number) => {
    const at = top;
    top = roundUp(top + bytes, 64);
    return at;
  };
  const s = SHAPE;
  const [filter, packed, small] = [place(s.oc * s.ic), place(int8FilterBytes(s)), place(s.oc * 4)];
  const [x, y, scratch] = [place(ROWS * s.ic), place(ROWS * s.oc * 4), place(int8Scratch(s))];
  const weights = new Int8Array(memory.buffer, filter, s.oc * s.ic);
  const inputs = new Uint8Array(memory.buffer, x, ROWS * s.ic);
  for (let i = 0; i < weights.length; i++) weights[i] = ((i * 37) % 127) - 63;
  for (let i = 0; i < inputs.length; i++) inputs[i] = (i * 53) % 128;
  new Float32Array(memory.buffer, small, s.oc).fill(1);
  const record = (words: number[]) => {
    const at = place(words.length * 4);
    new Int32Array(memory.buffer, at, words.length).set(words);
    return () => run(at, at + words.length * 4, 0, 1);
  };
  const pack: number[] = [];
  encodeRecord(pack, "s8_conv2d_pack", {
    ...{ ...int8FilterSizes(s), filter, scales: small, bias: small, packed, oc: s.oc },
    ...{ xScale: 1, xZero: 0, yScale: 1, shift: 0 },
  });
  record(pack)();
  const words: number[] = [];
  encodeRecord(words, "s8_conv2d", {
    ...{ ...s, ...int8Sizes(s), x, filter: packed, y, zero: 0, residual: 0, form: 1, residualForm: 0, factor: 0 },
    ...{ low: -Infinity, high: Infinity, scratch, scratchStride: 0 },
  });
  const product = record(words);
  const vnni = new Int32Array(memory.buffer, CONTROL.vnni, 1);
  const results = new Float32Array(memory.buffer, y, ROWS * s.oc);
  const isRight = (way: number) => {
    vnni[0] = way;
    product();
    return results.every((result, i) => result === 1 + exact(weights, inputs, i));
  };
  const [plain, fast] = [isRight(0), isRight(1)];
  const runBy = (way: number) => {
    vnni[0] = way;
    product();
  };
  return { relaxed: plain, vnni: plain && fast && isFaster(runBy) };
}

function exact(weights: Int8Array, inputs: Uint8Array, i: number): number {
  const { ic, oc } = SHAPE;
  let sum = 0;
  for (let k = 0; k < ic; k++) sum += weights[(i % oc) * ic + k] * inputs[Math.floor(i / oc) * ic + k];
  return sum;
}

/** Milliseconds that the question may take, and after which compilers have done what they do. */
const LONGEST = 12;
const SETTLED = 6;

/** Whether way 1 takes less than 0.9 of the time of way 0, both at their best, in turns. */
function isFaster(run: (way: number) => void): boolean {
  const best = [Infinity, Infinity];
  const start = now();
  for (let turn = 0; now() - start < LONGEST; turn++) {
    const way = turn % 2;
    const begin = now();
    let calls = 0;
    let took = 0;
    // Clocks of browsers have steps of 0.1 ms.
    while (took < 0.5) {
      for (let i = 0; i < 8; i++) run(way);
      calls += 8;
      took = now() - begin;
    }
    if (now() - start > SETTLED) best[way] = Math.min(best[way], took / calls);
  }
  return best[1] < 0.9 * best[0];
}
