// Times the convolution kernels alone: named shapes of ResNet-18 (batch 1) and of ResNet-20 (batch 32 and 128), all
// passes and methods. Best of many.
// Each is timed in turns with the bare micro-kernel, and printed as a multiple of its speed too.
//   node bench/conv.js [filter] [--variant relaxed] [--ms 300]
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = new URL("..", import.meta.url);
const { outputFiles } = buildSync({
  stdin: {
    contents: `export * from "./src/abi/records.js"; export * from "./src/abi/encode.js"; export * from "./src/abi/enums.js"; export * from "./src/abi/scalars.js"; export * from "./test/support/kernels/conv-calls.js"; export * from "./src/abi/conv.js"; export * from "./src/abi/winograd.js"; export * from "./src/abi/gemm.js";`,
    resolveDir: fileURLToPath(root),
  },
  bundle: true,
  format: "esm",
  write: false,
});
const lib = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString("base64")}`);

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv.splice(at, 2)[1];
};
const variant = option("variant", "simd");
const budget = Number(option("ms", "300"));
const filter = new RegExp(process.argv[2] ?? ".");

const memory = new WebAssembly.Memory({ initial: 16384, maximum: 65536 });
const module = new WebAssembly.Module(readFileSync(new URL(`build/kernels/${variant}.wasm`, root)));
const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;

let top = 0;
const reset = () => {
  top = 4096;
};
const bytes = (n) => {
  const at = top;
  top = (top + n + 64 + 63) & ~63;
  if (top > memory.buffer.byteLength) throw new Error("bench: memory too small");
  return at;
};
const random = (n) => {
  const at = bytes(n * 4);
  const view = new Float32Array(memory.buffer, at, n);
  for (let i = 0; i < n; i++) view[i] = Math.random() * 2 - 1;
  return at;
};

function program(calls) {
  const words = [];
  for (const { kernel, args } of calls) lib.encodeRecord(words, kernel, args);
  const at = bytes(words.length * 4);
  new Int32Array(memory.buffer, at, words.length).set(words);
  return () => run(at, at + words.length * 4, 0, 1);
}

/** Processor time in ms: on a shared machine a long kernel is never left alone for its whole run. */
function clock() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Best times of `f` and of the yardstick, in turns: a shared machine changes its speed from one moment to the next. */
function best(f, yardstick) {
  const least = [Infinity, Infinity];
  for (const [ms, timed] of [
    [Math.max(150, budget / 3), false],
    [budget, true],
  ]) {
    const end = performance.now() + ms;
    while (performance.now() < end) {
      for (const [i, g] of [f, yardstick].entries()) {
        const start = clock();
        g();
        const time = clock() - start;
        if (timed) least[i] = Math.min(least[i], time);
      }
    }
  }
  return least;
}

const shape = (batch, size, ic, oc, kernel, stride, padding) => {
  const out = lib.convOutputSize(size, kernel, stride, padding, 1);
  return {
    batch,
    h: size,
    w: size,
    ic,
    oh: out,
    ow: out,
    oc,
    kh: kernel,
    kw: kernel,
    strideH: stride,
    strideW: stride,
    dilationH: 1,
    dilationW: 1,
    padTop: padding,
    padLeft: padding,
    groups: 1,
  };
};
const shapes = {
  "r18 stem 224x3-64 7x7/2": shape(1, 224, 3, 64, 7, 2, 3),
  "r18 56x64": shape(1, 56, 64, 64, 3, 1, 1),
  "r18 56x64-128/2": shape(1, 56, 64, 128, 3, 2, 1),
  "r18 56x64-128/2 1x1": shape(1, 56, 64, 128, 1, 2, 0),
  "r18 28x128": shape(1, 28, 128, 128, 3, 1, 1),
  "r18 28x128-256/2": shape(1, 28, 128, 256, 3, 2, 1),
  "r18 14x256": shape(1, 14, 256, 256, 3, 1, 1),
  "r18 14x256-512/2": shape(1, 14, 256, 512, 3, 2, 1),
  "r18 7x512": shape(1, 7, 512, 512, 3, 1, 1),
  "r50 56x128/2": shape(1, 56, 128, 128, 3, 2, 1),
  "r50 56x64-256 1x1": shape(1, 56, 64, 256, 1, 1, 0),
  "r50 28x512-128 1x1": shape(1, 28, 512, 128, 1, 1, 0),
  "r50 14x256-1024 1x1": shape(1, 14, 256, 1024, 1, 1, 0),
  "r50 7x2048-512 1x1": shape(1, 7, 2048, 512, 1, 1, 0),
  "c32 stem 32x3-16": shape(32, 32, 3, 16, 3, 1, 1),
  "c32 32x16": shape(32, 32, 16, 16, 3, 1, 1),
  "c32 32x16-32/2": shape(32, 32, 16, 32, 3, 2, 1),
  "c32 16x32": shape(32, 16, 32, 32, 3, 1, 1),
  "c32 16x32-64/2": shape(32, 16, 32, 64, 3, 2, 1),
  "c32 8x64": shape(32, 8, 64, 64, 3, 1, 1),
  "c128 stem 32x3-16": shape(128, 32, 3, 16, 3, 1, 1),
  "c128 32x16": shape(128, 32, 16, 16, 3, 1, 1),
  "c128 32x16-32/2": shape(128, 32, 16, 32, 3, 2, 1),
  "c128 16x32": shape(128, 16, 32, 32, 3, 1, 1),
  "c128 16x32-64/2": shape(128, 16, 32, 64, 3, 2, 1),
  "c128 8x64": shape(128, 8, 64, 64, 3, 1, 1),
};

/** A GEMM over pixels: [batch * h * w, ic] x [ic, oc]. */
const isPointwise = (s) =>
  s.kh === 1 && s.kw === 1 && s.groups === 1 && s.padTop === 0 && s.padLeft === 0 && s.oh === s.h && s.ow === s.w;

/** One column of the table each: prepares the operands and returns the calls to time. */
const passes = {
  fwd(s) {
    const packed = bytes(lib.conv2dFilterBytes(s.oc, s.ic, 1, s.kh * s.kw));
    program(lib.conv2dPack(s, random(s.oc * s.kh * s.kw * s.ic), packed))();
    const scratchStride = lib.conv2dScratch(s);
    const io = { x: random(s.batch * s.h * s.w * s.ic), packed, y: bytes(s.batch * s.oh * s.ow * s.oc * 4) };
    return lib.conv2dForward(s, { ...io, scratch: bytes(scratchStride), scratchStride });
  },
  "fwd gemm"(s) {
    if (!isPointwise(s)) return [];
    const [m, n, k] = [s.batch * s.oh * s.ow, s.oc, s.ic];
    const packed = bytes(lib.packedSize(k, n) * 4);
    const b = { src: random(n * k), dst: packed, k, n, ld: k, transposed: 1 };
    program([{ kernel: "f32_pack_b", args: b }])();
    const none = { bias: 0, residual: 0, activation: 0, param: 0, source: 0 };
    const scratchStride = Math.ceil(lib.gemmScratch(m, k) / 64) * 64;
    const io = {
      a: random(m * k),
      lda: k,
      aTransposed: 0,
      b: packed,
      y: bytes(m * n * 4),
      ldy: n,
      m,
      n,
      k,
      ...lib.gemmSizes(m, k),
    };
    return [{ kernel: "f32_gemm", args: { ...io, ...none, scratch: bytes(scratchStride), scratchStride } }];
  },
  dx(s) {
    const packed = bytes(lib.conv2dDxLayout(s).bytes);
    program(lib.conv2dDxPack(s, random(s.oc * s.kh * s.kw * s.ic), packed))();
    const scratchStride = Math.max(...lib.conv2dDxPhases(s).map((phase) => lib.conv2dScratch(phase.shape)));
    const io = { dy: random(s.batch * s.oh * s.ow * s.oc), packed, dx: bytes(s.batch * s.h * s.w * s.ic * 4) };
    return lib.conv2dDx(s, { ...io, scratch: bytes(scratchStride), scratchStride });
  },
  dw(s) {
    const io = {
      dy: random(s.batch * s.oh * s.ow * s.oc),
      x: random(s.batch * s.h * s.w * s.ic),
      dw: bytes(s.oc * s.kh * s.kw * s.ic * 4),
    };
    const scratchStride = lib.conv2dDwScratch(s);
    return lib.conv2dDw(s, { ...io, scratch: bytes(scratchStride), scratchStride });
  },
  "fwd F4"(s) {
    if (!lib.winogradLegal(s)) return [];
    return winograd(s, s, false);
  },
  "dx F4"(s) {
    if (!lib.winogradLegal(s)) return [];
    return winograd(s, lib.winogradDxShape(s), true);
  },
  "dw F4"(s) {
    if (!lib.winogradLegal(s)) return [];
    const scratchStride = lib.winogradDwScratch(s);
    const x = random(s.batch * s.h * s.w * s.ic);
    const io = { dy: random(s.batch * s.oh * s.ow * s.oc), x, dw: bytes(s.oc * 9 * s.ic * 4) };
    const partial = bytes(lib.winogradDwPartial(s));
    return lib.winogradDw(s, { ...io, partial, scratch: bytes(scratchStride), scratchStride });
  },
};

function winograd(s, pass, dx) {
  const transformed = bytes(lib.winogradFilterBytes(pass.oc, pass.ic));
  const small = { scratch: bytes(lib.winogradFilterScratch()), scratchStride: lib.winogradFilterScratch() };
  program(lib.winogradPack(s, { filter: random(s.oc * 9 * s.ic), transformed, dx, ...small }))();
  const scratchStride = lib.winogradScratch(pass);
  const io = {
    x: random(pass.batch * pass.h * pass.w * pass.ic),
    y: bytes(pass.batch * pass.oh * pass.ow * pass.oc * 4),
  };
  return lib.winogradForward(pass, { ...io, transformed, scratch: bytes(scratchStride), scratchStride });
}

const flopsOf = (s) => 2 * s.batch * s.oh * s.ow * s.oc * s.kh * s.kw * s.ic;

// The yardstick: the bare micro-kernel, as a GEMM of 240 x 240 x 240 from the caches.
const bare = shape(1, 1, 240, 240, 1, 1, 0);
bare.h = bare.oh = 8;
bare.w = bare.ow = 30;

console.log(`node ${process.version}, ${variant}; ms (speed by flops of the direct convolution / micro-kernel)`);
let fastest = 0;
for (const [name, s] of Object.entries(shapes)) {
  const cells = Object.entries(passes).flatMap(([pass, prepare]) => {
    if (!filter.test(`${name} ${pass}`)) return [];
    reset();
    const calls = prepare(s);
    if (calls.length === 0) return [];
    const [ms, unit] = best(program(calls), program(passes.fwd(bare)));
    fastest = Math.max(fastest, flopsOf(bare) / unit / 1e6);
    return [`${pass} ${ms.toFixed(3)} (${(((flopsOf(s) / ms) * unit) / flopsOf(bare)).toFixed(2)})`];
  });
  if (cells.length > 0) console.log(name.padEnd(26), cells.join("  "));
}

const pool = (batch, size, c, kernel, stride, pad) => {
  const out = lib.poolOutputSize(size, kernel, stride, pad, 1, false);
  const window = { kh: kernel, kw: kernel, strideH: stride, strideW: stride, dilationH: 1, dilationW: 1 };
  return { batch, h: size, w: size, c, oh: out, ow: out, ...window, padTop: pad, padLeft: pad, countIncludePad: 1 };
};
const pools = {
  "max 3x3/2 1x112x64": ["max", pool(1, 112, 64, 3, 2, 1)],
  "max 3x3/2 32x112x64": ["max", pool(32, 112, 64, 3, 2, 1)],
  "avg 2x2/2 32x56x64": ["avg", pool(32, 56, 64, 2, 2, 0)],
  "global avg 1x7x512": ["adaptive_avg", { ...pool(1, 7, 512, 7, 1, 0), oh: 1, ow: 1 }],
  "global avg 128x8x64": ["adaptive_avg", { ...pool(128, 8, 64, 8, 1, 0), oh: 1, ow: 1 }],
};
for (const [name, [kind, s]] of Object.entries(pools)) {
  if (!filter.test(`pool ${name}`)) continue;
  reset();
  const [nx, ny] = [s.batch * s.h * s.w * s.c, s.batch * s.oh * s.ow * s.c];
  const io = { x: random(nx), y: bytes(ny * 4), dy: random(ny), dx: bytes(nx * 4) };
  const [forward, backward] = [`f32_${kind}_pool`, `f32_${kind}_pool_dx`].map(
    (kernel) => best(program([{ kernel, args: { ...s, ...io } }]), () => {})[0],
  );
  const rate = (streams, ms) => `${ms.toFixed(3)} (${((streams * 4) / ms / 1e6).toFixed(0)} GB/s)`;
  console.log(`pool ${name}`.padEnd(26), `fwd ${rate(nx + ny, forward)}  dx ${rate(nx + ny, backward)}`);
}
console.log(`micro-kernel: ${fastest.toFixed(1)} GFLOPS at best`);
