/** `resnet-wasm/doctor`: what the runtime at hand offers, which path models take on it and why, and how fast it is. */
// The build leaves this import to the runtime, as "resnet-wasm": the report is about the very entry that users get.
import {
  ArgumentError,
  Conv2d,
  createModel,
  expectation,
  Linear,
  type Model,
  type ModelInfo,
} from "../hosts/default/index.js";
import { hasRelaxedSimd, hasSimd } from "../runtime/features.js";

export interface DoctorOptions {
  /** Measure GFLOPS. Default true. */
  reading?: boolean;
  /** Milliseconds that all measurements together take at most, about. Default 6000. */
  maxMs?: number;
}

/** Speed of one variant of the kernels with a number of threads, in 10⁹ floating-point operations a second. */
export interface Reading {
  variant: "simd" | "relaxed";
  threads: number;
  /** A Linear from 512 to 512 on a batch of 512. */
  gemm: number;
  /** A 3x3 convolution of ResNet-18: 64 channels, 56x56 pixels. Winograd's saving counts, so it may exceed the peak. */
  conv: number;
}

export interface DoctorReport {
  /** Of this package. */
  version: string;
  /** Name and version of the runtime, as far as it tells them. */
  runtime: string;
  simd: boolean;
  relaxedSimd: boolean;
  /** `SharedArrayBuffer` exists. */
  sharedMemory: boolean;
  /** Whether a model with two threads got them, and the model's own reason. */
  threads: { usable: boolean; why: string };
  /** Cores that the runtime tells of; null where it does not. */
  cores: number | null;
  /** Whether the page is cross-origin isolated; null outside of browsers. */
  crossOriginIsolated: boolean | null;
  /** What `createModel` chooses by itself: `model.info` of a large network and of a small one. Null where it fails. */
  large: ModelInfo | null;
  small: ModelInfo | null;
  /** Empty where nothing was to be measured, or the clock stands still while code runs, as in some workers. */
  readings: Reading[];
  /** What went wrong; models can be made where this is empty. */
  problems: string[];
}

/**
 * Examines the runtime. Never throws for what it finds; throws `ArgumentError` on options that it does not know.
 *
 * @example
 * console.log(formatReport(await doctor()));
 */
export async function doctor(options?: DoctorOptions): Promise<DoctorReport> {
  const refuse = (name: string, expected: string, got: unknown) => {
    throw new ArgumentError(expectation("doctor", name, expected, got));
  };
  if (options !== undefined && Object(options) !== options) refuse("options", "an object", options);
  const { reading = true, maxMs = 6000, ...unknown } = options ?? {};
  if (Object.keys(unknown).length > 0) refuse("option", "reading, maxMs", unknown);
  if (typeof reading !== "boolean") refuse("reading", "true or false", reading);
  if (!(typeof maxMs === "number" && maxMs >= 0 && maxMs < Infinity)) refuse("maxMs", "a number of at least 0", maxMs);
  const problems: string[] = [];
  const attempt = async <T>(task: () => Promise<T>): Promise<T | null> => {
    try {
      return await task();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!problems.includes(message)) problems.push(message);
      return null;
    }
  };
  const infoOf = (width: number, options: object) =>
    attempt(async () => {
      const model = await createModel(new Linear(width, width), { inputShape: [width], ...options });
      model.dispose();
      return model.info;
    });

  const large = await infoOf(1024, {});
  const small = await infoOf(16, {});
  const two = await infoOf(16, { threads: 2 });
  const report: DoctorReport = {
    version: VERSION,
    runtime: runtimeName(),
    simd: hasSimd(),
    relaxedSimd: hasRelaxedSimd(),
    sharedMemory: typeof SharedArrayBuffer === "function",
    threads: { usable: two?.threads === 2, why: two?.why ?? problems[0] },
    cores: countCores(),
    crossOriginIsolated: isolation(),
    large,
    small,
    readings: [],
    problems,
  };
  if (!reading || !large) return report;

  const variants = [false, ...(large.relaxedSimd ? [true] : [])];
  const setups = variants.flatMap((relaxedSimd) =>
    threadCounts(report.threads.usable ? (report.cores ?? 1) : 1).map((threads) => ({ relaxedSimd, threads })),
  );
  for (const setup of setups) {
    const done = await attempt(() => measure(setup, maxMs / setups.length));
    if (done) report.readings.push(done);
  }
  return report;
}

/** 1, 2, 4, … and the number of cores. */
function threadCounts(cores: number): number[] {
  const counts: number[] = [];
  for (let n = 1; n < cores; n *= 2) counts.push(n);
  return [...counts, cores];
}

/** One product with its multiply-adds for one batch; the times include copying input and output. */
const GEMM = { layer: () => new Linear(512, 512), inputShape: [512], batch: 512, macs: 512 ** 3 };
const CONV = {
  layer: () => new Conv2d(64, 64, { kernelSize: 3, padding: 1 }),
  inputShape: [56, 56, 64],
  batch: 1,
  macs: 56 * 56 * 64 * 64 * 9,
};

/** Null where the clock stands still while code runs. */
async function measure(setup: { relaxedSimd: boolean; threads: number }, maxMs: number): Promise<Reading | null> {
  const speeds: number[] = [];
  let threads = 1;
  for (const { layer, inputShape, batch, macs } of [GEMM, CONV]) {
    const model = await createModel(layer(), { inputShape, ...setup });
    threads = model.info.threads;
    const ms = fastest(model, batch, maxMs / 2);
    model.dispose();
    if (ms === 0) return null;
    speeds.push((2 * macs) / ms / 1e6);
  }
  return { variant: setup.relaxedSimd ? "relaxed" : "simd", threads, gemm: speeds[0], conv: speeds[1] };
}

/** The shortest of as many predictions as the time allows, in milliseconds: other programs can only make it longer. */
function fastest(model: Model, batch: number, maxMs: number): number {
  const size = model.inputShape.reduce((a, b) => a * b, batch);
  const x = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 251) / 251 - 0.5);
  const end = performance.now() + maxMs;
  let best = Infinity;
  for (let runs = 0; runs < 2 || (runs < 1000 && performance.now() < end); runs++) {
    const start = performance.now();
    model.predict(x, { batchSize: batch });
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/**
 * The report for people.
 *
 * @example
 * console.log(formatReport(await doctor()));
 */
export function formatReport(report: DoctorReport): string {
  const { threads, readings, problems }: Partial<DoctorReport> = Object(report);
  if (typeof threads?.why !== "string" || !Array.isArray(readings) || !Array.isArray(problems))
    throw new ArgumentError(expectation("formatReport", "report", "what doctor gave", report));
  const yes = (value: boolean) => (value ? "yes" : "no");
  const lines: [string, string][] = [
    ["SIMD", yes(report.simd)],
    ["relaxed SIMD", yes(report.relaxedSimd)],
    ["shared memory", yes(report.sharedMemory)],
    ["threads", report.threads.usable ? "yes" : `no (${report.threads.why})`],
    ["cores", report.cores === null ? "not told" : `${report.cores}`],
  ];
  if (report.crossOriginIsolated !== null) lines.push(["isolated page", yes(report.crossOriginIsolated)]);
  for (const name of ["large", "small"] as const) {
    const info = report[name];
    if (info) lines.push([`${name} networks`, info.why]);
  }
  for (const problem of report.problems) lines.push(["problem", problem]);
  const rows = report.readings.map(({ variant, threads, gemm, conv }) => [
    variant,
    `${threads}`,
    gemm.toFixed(1),
    conv.toFixed(1),
  ]);
  const table = rows.length > 0 ? ["", ...alignRight([["GFLOPS", "threads", "512³ GEMM", "3x3 conv"], ...rows])] : [];
  const text = lines.map(([name, value]) => `${name.padEnd(16)} ${value}`);
  return [`resnet-wasm ${report.version} on ${report.runtime}`, "", ...text, ...table].join("\n");
}

function alignRight(rows: string[][]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i]))).join("  "),
  );
}

interface Runtimes {
  Deno?: { version: { deno: string } };
  Bun?: { version: string };
  process?: {
    versions?: { node?: string };
    platform?: string;
    arch?: string;
    getBuiltinModule?: (id: "node:os") => { availableParallelism(): number } | undefined;
  };
  navigator?: { userAgent?: string; hardwareConcurrency?: number };
}

const runtimes = globalThis as unknown as Runtimes;

const isolation = (): boolean | null =>
  typeof crossOriginIsolated === "boolean" && !runtimes.process?.versions?.node ? crossOriginIsolated : null;

/** Node, Deno and Bun present themselves as such; browsers and edge runtimes by their user agent. */
function runtimeName(): string {
  const { Deno, Bun, process, navigator } = runtimes;
  const machine = process?.platform ? ` (${process.platform} ${process.arch})` : "";
  if (Deno) return `Deno ${Deno.version.deno}${machine}`;
  if (Bun) return `Bun ${Bun.version}${machine}`;
  const agent = navigator?.userAgent;
  if (agent && !agent.startsWith("Node.js/")) return agent;
  return process?.versions?.node ? `Node ${process.versions.node}${machine}` : "an unknown runtime";
}

/** Node 20 has no navigator; its module is asked for in a way that bundlers for browsers do not follow. */
function countCores(): number | null {
  const { navigator, process } = runtimes;
  return navigator?.hardwareConcurrency || process?.getBuiltinModule?.("node:os")?.availableParallelism() || null;
}

/** Set by the build. */
declare const VERSION: string;
