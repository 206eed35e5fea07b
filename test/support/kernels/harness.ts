// Calls single kernels on raw memory: every operand stands between two guard bands, which no kernel may touch.
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { instantiateSync } from "@assemblyscript/loader";
import { CONTROL } from "../../../src/abi/control.js";
import { encodeRecord } from "../../../src/abi/encode.js";
import type { Cut } from "../../../src/abi/partials.js";
import type { KernelArguments, KernelName } from "../../../src/abi/records.js";
import { setShared } from "../../../src/runtime/compile.js";
import type { KernelExports } from "../../../src/runtime/instance.js";

export type Variant = "simd" | "relaxed";

const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 20, 1, 18, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0,
  253, 15, 253, 133, 2, 26, 11,
]);

/** The kernel variants that this runtime can compile. */
export const variants: Variant[] = WebAssembly.validate(relaxedProbe) ? ["simd", "relaxed"] : ["simd"];

/** They and the builds of two panels at a time, which V8 widens where its flag is set; they are the same without. */
export const withWide = variants.flatMap((variant) => [variant, `wide-${variant}` as const]);

const BAND = 64;
const POISON = 0x7fa5a5a5; // a NaN, so that reading a band shows in the result as well

export interface Operand {
  ptr: number;
  read(): Float32Array<ArrayBuffer>;
}

type Exports = Record<KernelName, (record: number, thread: number, threads: number) => void> & KernelExports;

/** A worker's whole life: it runs every program that `submit` announces. */
const WORKER = `
const { workerData: d } = require("node:worker_threads");
new WebAssembly.Instance(d.module, { env: { memory: d.memory } }).exports.serve(d.thread, d.threads, 0);`;

export class Harness {
  readonly memory: WebAssembly.Memory;
  #exports: Exports;
  #top: number = CONTROL.bytes;
  #bands: number[] = [];

  private constructor(
    bytes: Uint8Array<ArrayBuffer>,
    readonly threads: number,
  ) {
    const shared = threads > 1;
    setShared(bytes, shared);
    const module = new WebAssembly.Module(bytes);
    this.memory = new WebAssembly.Memory({ initial: 64, maximum: shared ? 4096 : 65536, shared });
    this.#exports = instantiateSync<Exports>(module, { env: { memory: this.memory } }).exports;
    for (let thread = 1; thread < threads; thread++)
      new Worker(WORKER, { eval: true, workerData: { module, memory: this.memory, thread, threads } }).unref();
  }

  /** With `threads` above 1 every call runs on that many real threads, of which this is the first. */
  static create(file: Variant | `${"classic" | "inference-int8" | "wide"}-${Variant}`, threads = 1): Harness {
    const path = new URL(`../../../build/kernels/${file}.wasm`, import.meta.url);
    return new Harness(Uint8Array.from(readFileSync(path)), threads);
  }

  /** Ends the workers of a harness with threads. */
  close(): void {
    const control = new Int32Array(this.memory.buffer, 0, CONTROL.bytes / 4);
    Atomics.store(control, CONTROL.exit / 4, 1);
    Atomics.add(control, CONTROL.jobs / 4, 1);
    Atomics.notify(control, CONTROL.jobs / 4);
  }

  /** Forgets all operands. */
  reset(): void {
    this.#top = CONTROL.bytes;
    this.#bands = [];
  }

  #reserve(bytes: number): number {
    const first = this.#top;
    const ptr = first + BAND;
    const second = ptr + bytes;
    this.#top = (second + BAND + 15) & ~15;
    while (this.#top > this.memory.buffer.byteLength) this.memory.grow(256);
    new Uint8Array(this.memory.buffer, ptr, bytes).fill(0xff); // NaN: reading before writing shows
    this.#bands.push(first, second & ~3);
    for (const band of [first, (second + 3) & ~3])
      new Int32Array(this.memory.buffer, band, (BAND - 4) / 4).fill(POISON);
    this.#bands[this.#bands.length - 1] = (second + 3) & ~3;
    return ptr;
  }

  /** Places float32 values, or room for `source` of them, in memory, 16-byte aligned. */
  f32(source: ArrayLike<number> | number): Operand {
    const n = typeof source === "number" ? source : source.length;
    const ptr = this.#reserve(n * 4);
    if (typeof source !== "number") new Float32Array(this.memory.buffer, ptr, n).set(source);
    return { ptr, read: () => new Float32Array(this.memory.buffer, ptr, n).slice() };
  }

  /** Places bytes, or room for so many of them, in memory, 16-byte aligned. */
  bytes(source: ArrayLike<number> | number): { ptr: number; read(): Uint8Array } {
    const n = typeof source === "number" ? source : source.length;
    const ptr = this.#reserve(n);
    if (typeof source !== "number") new Uint8Array(this.memory.buffer, ptr, n).set(source);
    return { ptr, read: () => new Uint8Array(this.memory.buffer, ptr, n).slice() };
  }

  /** Sets a word of the control block. */
  control(at: number, value: number): void {
    new Int32Array(this.memory.buffer)[at / 4] = value;
  }

  /** Room for the sums of a reduction that is cut so: the arguments that tell its kernel of it. */
  partial(cut: Cut): { partial: number; chunk: number; chunkBytes: number } {
    return { partial: this.f32(cut.bytes / 4).ptr, chunk: cut.chunk, chunkBytes: cut.chunkBytes };
  }

  i32(source: ArrayLike<number>): Operand {
    const ptr = this.#reserve(source.length * 4);
    new Int32Array(this.memory.buffer, ptr, source.length).set(source);
    return { ptr, read: () => new Float32Array(this.memory.buffer, ptr, source.length).slice() };
  }

  /**
   * Runs one kernel as thread `thread` of `threads` (more than one only for kernels without an inner barrier). Of work that
   * threads claim, thread 0 does its own share, thread 1 all that is left, and the others find none.
   */
  call<K extends KernelName>(
    kernel: K,
    args: KernelArguments<K>,
    thread = 0,
    threads = 1,
    table?: readonly number[],
  ): void {
    const words: number[] = [];
    encodeRecord(words, kernel, args, table);
    const ptr = this.#reserve(words.length * 4);
    new Int32Array(this.memory.buffer, ptr, words.length).set(words);
    if (this.threads > 1) {
      this.#exports.submit(ptr, ptr + words.length * 4, this.threads);
      return;
    }
    // One thread alone would wait for the others at the barrier after the record: the kernel itself is called then.
    if (threads > 1) {
      const claims = new Int32Array(this.memory.buffer, CONTROL.claims, (CONTROL.bytes - CONTROL.claims) / 4);
      for (let owner = 0; owner < threads; owner++) {
        const free = thread === 0 ? owner === 0 : thread === 1 && owner > 0;
        claims[Math.floor((owner * 128) / threads)] = free ? 0 : 2 ** 30;
      }
      this.#exports[kernel](ptr, thread, threads);
      claims.fill(0);
    } else this.#exports.run(ptr, ptr + words.length * 4, 0, 1);
  }

  /** Throws when a kernel has written outside of its operands. */
  checkBands(): void {
    for (const band of this.#bands) {
      const words = new Int32Array(this.memory.buffer, band, (BAND - 4) / 4);
      const at = words.findIndex((word) => word !== POISON);
      if (at >= 0) throw new Error(`guard band at ${band} was overwritten at word ${at}`);
    }
  }
}
