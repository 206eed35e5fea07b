// GFLOPS of the GEMM kernels, one thread, best of many short repetitions, all cases in turn so that each of them
// meets the quiet moments of the machine. Beside each shape: the share of the bare micro-kernel on operands in L1.
//
//   node bench/gemm.js [simd | relaxed] [filter] [rounds]      (relaxed on Node 20: --experimental-wasm-relaxed-simd)
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { buildSync } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const flags = process.argv.slice(2);
const variant = ["simd", "relaxed"].includes(flags[0]) ? flags.shift() : "simd";
const filter = new RegExp(flags[0] ?? ".");
const rounds = Number(flags[1] ?? 40);
const rows = variant === "relaxed" ? 6 : 5;

const { outputFiles } = buildSync({
  entryPoints: [join(root, "bench/ours/kernels.ts")],
  bundle: true,
  format: "esm",
  write: false,
});
const source = Buffer.from(outputFiles[0].text).toString("base64");
const { encodeRecord, gemmSizes } = await import(`data:text/javascript;base64,${source}`);

// The micro-kernel alone, and the arithmetic of one without its loads: what this machine can do at most.
const limits = `
import { fma } from "./assembly/simd";
export { f32_gemm_ukernel_packed_${rows}x8 as ukernel } from "./assembly/gemm/ukernel";
export function arithmetic(p: usize, n: i32): void {
  const a = v128.load(p), b = v128.load(p, 16);
  ${[..."0123456789ab"].map((i) => `let c${i} = v128.load(p, 0x${i}0);`).join(" ")}
  for (; n > 0; --n) { ${[..."0123456789ab"].map((i) => `c${i} = fma(a, c${i}, b);`).join(" ")} }
  ${[..."0123456789ab"].map((i) => `v128.store(p, c${i}, 0x${i}0);`).join(" ")}
}`;

async function compileLimits() {
  const entry = "bench-limits.ts";
  let wasm;
  const { error, stderr } = await asc.main(
    [entry, "-o", "limits.wasm", "--baseDir", root, "-O3", "--noAssert", "--runtime", "stub", "--importMemory",
      "--initialMemory", "1", "--maximumMemory", "65536", "--use", "abort=", "--enable", "simd",
      ...(variant === "relaxed" ? ["--enable", "relaxed-simd"] : [])],
    {
      readFile: (name, base) => {
        if (name === entry) return limits;
        try {
          return readFileSync(join(base, name), "utf8");
        } catch {
          return null; // asc asks for every place where an import might stand
        }
      },
      writeFile: (name, data) => {
        if (name === "limits.wasm") wasm = data;
      },
    },
  ); // biome-ignore format: compiler options
  if (error) throw new Error(stderr.toString());
  return wasm;
}

const memory = new WebAssembly.Memory({ initial: 2048, maximum: 65536 });
const load = (bytes) => new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
const { run } = load(readFileSync(join(root, `build/kernels/${variant}.wasm`)));
const { ukernel, arithmetic } = load(await compileLimits());

let top = 4096;
/** Room for n numbers, filled with noise. Buffers start at odd cache lines, not at the same page offset. */
function place(n) {
  const ptr = top;
  top += ((n * 4 + 4095) & ~4095) + 320;
  if (top > memory.buffer.byteLength) memory.grow(Math.ceil((top - memory.buffer.byteLength) / 65536));
  const view = new Float32Array(memory.buffer, ptr, n);
  for (let i = 0; i < n; i++) view[i] = ((i * 7919) % 1024) / 512 - 1;
  return ptr;
}

/** A call of one kernel, with one thread. */
function call(kernel, args) {
  const words = [];
  encodeRecord(words, kernel, args);
  const at = place(words.length);
  new Int32Array(memory.buffer, at, words.length).set(words);
  return () => run(at, at + words.length * 4, 0, 1);
}

const cases = [];
const add = (group, name, flops, run) => {
  if (group === "limit" || filter.test(`${group} ${name}`))
    cases.push({ group, name, flops, run, best: Number.POSITIVE_INFINITY });
};

const L1 = 240;
const [small, panel, tile] = [place(L1 * 6), place(L1 * 8), place(64)];
const loop = (run) => () => {
  for (let i = 0; i < 200; i++) run();
};
add(
  "limit",
  "arithmetic",
  200 * 12 * 8 * 1000,
  loop(() => arithmetic(tile, 1000)),
);
add(
  "limit",
  `micro-kernel ${rows}x8`,
  200 * rows * 16 * L1,
  loop(() => ukernel(small, panel, L1, tile, 32)),
);

const scratch = place(1 << 20);
/** C = A B: `ta`, `tb` tell whether A and B are stored transposed; packing of B is part of the time unless prepacked. */
function gemm(m, n, k, { ta = 0, tb = 0, prepacked = false, epilogue = "" } = {}) {
  const [a, b, c, packed] = [place(m * k), place(k * n), place(m * n), place(k * (n + 8))];
  const [bias, skip] = [epilogue ? place(n) : 0, epilogue.includes("skip") ? place(m * n) : 0];
  const relu = epilogue.includes("relu") ? 1 : 0;
  const pack = call("f32_pack_b", { src: b, dst: packed, k, n, ld: tb ? k : n, transposed: tb });
  const operands = { a, lda: ta ? m : k, aTransposed: ta, b: packed, y: c, ldy: n, m, n, k };
  const finish = { bias, residual: skip, activation: relu, param: 0, source: 0 };
  const product = call("f32_gemm", { ...operands, ...finish, ...gemmSizes(m, k), scratch, scratchStride: 4 << 20 });
  pack();
  const repeat = Math.max(1, Math.round(2e6 / (m * n * k)));
  const name = `${m}x${n}x${k} ${ta ? "T" : "N"}${tb ? "T" : "N"}${prepacked ? " prepacked" : ""}${epilogue && ` +${epilogue}`}`;
  add("gemm", name, 2 * m * n * k * repeat, () => {
    for (let i = 0; i < repeat; i++) {
      if (!prepacked) pack();
      product();
    }
  });
}

function gemv(m, n, k) {
  const operands = { w: place(n * k), ldw: k, x: place(m * k), ldx: k, y: place(m * n), ldy: n, m, n, k };
  const finish = { bias: place(n), residual: 0, activation: 0, param: 0, source: 0 };
  const product = call("f32_gemv", { ...operands, ...finish, scratch, scratchStride: 4096 });
  const repeat = Math.max(1, Math.round(1e6 / (m * n * k)));
  add("gemv", `${m}x${n}x${k}`, 2 * m * n * k * repeat, () => {
    for (let i = 0; i < repeat; i++) product();
  });
}

for (const s of [64, 128, 256, 512, 768, 1024]) {
  gemm(s, s, s);
  gemm(s, s, s, { tb: 1 });
  gemm(s, s, s, { ta: 1 });
  gemm(s, s, s, { prepacked: true });
}
gemm(2048, 2048, 2048);
for (const epilogue of ["bias", "bias+relu", "bias+skip+relu"]) {
  for (const s of [128, 512]) gemm(s, s, s, { prepacked: true, epilogue });
}
// Layers of 784 -> 128 -> ... -> 10 at batch 128: forward (NT), dx (NN), dw (TN); then other layer sizes.
for (const [k, n] of [
  [784, 128],
  [128, 128],
  [128, 10],
]) {
  gemm(128, n, k, { tb: 1, epilogue: "bias+relu" });
  gemm(128, k, n);
  gemm(n, k, 128, { ta: 1 });
}
for (const [m, n, k] of [[32, 256, 256], [8, 256, 256], [16, 1024, 1024], [16384, 16, 16], [4096, 64, 64], [196, 1024, 256], [49, 512, 2048]]) {
  gemm(m, n, k);
  gemm(m, n, k, { prepacked: true });
  gemm(m, n, k, { ta: 1 });
} // biome-ignore format: shapes in one line
for (const m of [1, 2, 3, 4, 7]) gemv(m, 512, 512);
gemv(1, 1000, 512);
gemv(1, 4096, 4096);

const now = () => performance.now();
/** Milliseconds of one run: of CPU time where it is long enough to be interrupted, of the clock where it is short. */
function time(run, flops) {
  const cpu = flops > 1e8 ? process.cpuUsage() : null;
  const start = now();
  run();
  const wall = now() - start;
  if (!cpu) return wall;
  const { user, system } = process.cpuUsage(cpu);
  return Math.min(wall, (user + system) / 1000);
}

for (const c of cases) for (const end = now() + 60; now() < end; ) c.run();
for (let round = 0; round < rounds; round++) {
  for (const c of cases) for (const end = now() + 4; now() < end; ) c.best = Math.min(c.best, time(c.run, c.flops));
}
const bare = cases.find(({ name }) => name.startsWith("micro-kernel"));
console.log(`Node ${process.version}, ${variant}`);
for (const c of cases) {
  const rate = c.flops / c.best / 1e6;
  const share = (c.flops / c.best / (bare.flops / bare.best)).toFixed(2);
  console.log(
    `${c.group.padEnd(6)} ${c.name.padEnd(34)} ${rate.toFixed(1).padStart(6)} GFLOPS ${share.padStart(6)} of bare`,
  );
}
