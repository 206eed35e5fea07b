// Speed of the kernels on integers beside those on float32, in turns, processor time, best of many: GOPS of some layers of ResNet-50 and MobileNetV2.
import { readFileSync } from "node:fs";
import { CONTROL } from "../src/abi/control.js";
import { type Conv2dShape, conv2dFilterBytes, conv2dScratch, conv2dSizes } from "../src/abi/conv.js";
import { encodeRecord } from "../src/abi/encode.js";
import { int8FilterBytes, int8FilterSizes, int8Scratch, int8Sizes } from "../src/abi/int8.js";
import type { KernelArguments, KernelName } from "../src/abi/records.js";
import { hasRelaxedSimd } from "../src/runtime/features.js";
import { fromRoot } from "./root.js";

const variant = process.argv[2] ?? (hasRelaxedSimd() ? "relaxed" : "simd");
const memory = new WebAssembly.Memory({ initial: 1600, maximum: 65536 });
type Run = (begin: number, end: number, thread: number, threads: number) => number;
const load = (name: string) => {
  const module = new WebAssembly.Module(readFileSync(fromRoot(`build/kernels/${name}.wasm`)));
  return (new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as { run: Run }).run;
};
const integers = load(`inference-int8-${variant}`);
const floats = load(`inference-${variant}`);
new Uint8Array(memory.buffer).fill(1, CONTROL.bytes * 4);

/** A program of one record at `at`. */
function program<K extends KernelName>(run: Run, at: number, kernel: K, args: KernelArguments<K>): () => void {
  const words: number[] = [];
  encodeRecord(words, kernel, args);
  new Int32Array(memory.buffer, at, words.length).set(words);
  return () => void run(at, at + words.length * 4, 0, 1);
}

const milliseconds = (task: () => void): number => {
  const { user, system } = process.cpuUsage();
  const start = performance.now();
  let n = 0;
  do {
    task();
    n++;
  } while (performance.now() - start < 15);
  const used = process.cpuUsage();
  return (used.user + used.system - user - system) / 1000 / n;
};

const layers: [size: number, kernel: number, stride: number, ic: number, oc: number][] = [
  [56, 1, 1, 64, 64],
  [56, 1, 1, 64, 256],
  [56, 1, 1, 256, 64],
  [28, 1, 1, 512, 128],
  [28, 3, 1, 128, 128],
  [14, 1, 1, 256, 1024],
  [14, 1, 1, 1024, 256],
  [14, 3, 1, 256, 256],
  [7, 1, 1, 512, 2048],
  [7, 3, 1, 512, 512],
  [112, 7, 2, 3, 64],
  [112, 1, 1, 16, 96],
  [14, 1, 1, 96, 576],
];
for (const [size, kernel, stride, ic, oc] of layers) {
  const [pad, oh] = [(kernel - 1) >> 1, size];
  const h = size * stride;
  const s: Conv2dShape = {
    ...{ batch: 1, h, w: h, ic, oh, ow: oh, oc, kh: kernel, kw: kernel, strideH: stride, strideW: stride },
    ...{ dilationH: 1, dilationW: 1, padTop: pad, padLeft: pad, groups: 1 },
  };
  let top = CONTROL.bytes * 4;
  const room = (bytes: number) => {
    const at = top;
    top += (bytes + 127) & ~63;
    return at;
  };
  const [x, y, filter, packed, scratch, small] = [
    room(h * h * ic * 4),
    room(oh * oh * oc * 4),
    room(oc * ic * kernel * kernel),
    room(Math.max(int8FilterBytes(s), conv2dFilterBytes(oc, ic, 1, kernel * kernel))),
    room(Math.max(int8Scratch(s), conv2dScratch(s))),
    room(oc * 4),
  ];
  const common = { x, y, ...s, scratch, scratchStride: 0, residual: 0 };
  const pack = program(integers, room(4096), "s8_conv2d_pack", {
    ...{
      filter,
      scales: small,
      bias: small,
      packed,
      oc,
      xScale: 1,
      xZero: 0,
      yScale: 1,
      shift: 0,
      ...int8FilterSizes(s),
    },
  });
  const conv = program(integers, room(4096), "s8_conv2d", {
    ...{ ...common, filter: packed, zero: 0, form: 0, residualForm: 0, factor: 0, low: 0, high: 127, ...int8Sizes(s) },
  });
  const f32 = program(floats, room(4096), "f32_conv2d", {
    ...{ ...common, filter: packed, bias: small, activation: 1, param: 0, source: 0, ...conv2dSizes(s) },
    ...{ yImage: oh * oh * oc, yRow: oh * oc, yCol: oc },
  });
  const count = oc * ic * kernel * kernel;
  const ofFloats = () =>
    new Float32Array(memory.buffer, packed, conv2dFilterBytes(oc, ic, 1, kernel * kernel) / 4).fill(1);
  const ofIntegers = (most: number, vnni: number) => () => {
    new Int32Array(memory.buffer)[CONTROL.vnni / 4] = vnni;
    new Int8Array(memory.buffer, filter, count).fill(most);
    pack();
  };
  type Way = [name: string, prepare: () => void, task: () => void];
  const ways: Way[] = [
    ["f32", ofFloats, f32],
    ["narrow", ofIntegers(60, 0), conv],
    ["wide", ofIntegers(90, 0), conv],
  ];
  if (variant === "relaxed") ways.push(["vnni", ofIntegers(90, 1), conv]);
  const best = ways.map(() => Infinity);
  for (let round = 0; round < 6; round++)
    ways.forEach(([, prepare, task], i) => {
      prepare();
      best[i] = Math.min(best[i], milliseconds(task));
    });
  const gops = (2 * oh * oh * oc * ic * kernel * kernel) / 1e6;
  const text = ways.map(([name], i) => `${name} ${(gops / best[i]).toFixed(0).padStart(4)}`).join("  ");
  console.log(
    `${oh}x${oh} ${kernel}x${kernel}/${stride} ${ic}->${oc}`.padEnd(24),
    text,
    `ratio ${(best[0] / best[1]).toFixed(2)}`,
  );
}
