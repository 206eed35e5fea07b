/** The page's side of its worker: each method as a promise. */
import type { Context } from "./worker/context.js";
import type { Methods } from "./worker/learn.worker.js";
import type { Progress, Reply } from "./worker/protocol.js";

type Own<Args extends unknown[]> = Args extends [...infer Rest, Context] ? Rest : Args;
type Args<Name extends keyof Methods> = Own<Parameters<Methods[Name]>>;
type Result<Name extends keyof Methods> = Awaited<ReturnType<Methods[Name]>>;

interface Call {
  resolve(result: unknown): void;
  reject(error: Error): void;
  onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Options {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

let worker: Worker | undefined;
const calls = new Map<number, Call>();
let next = 0;

function start(): Worker {
  const started = new Worker(new URL("./worker/learn.worker.ts", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
    const call = calls.get(data.id);
    if (!call) return;
    if ("progress" in data) return call.onProgress?.(data.progress);
    calls.delete(data.id);
    if ("failure" in data) call.reject(new Error(data.failure));
    else call.resolve(data.result);
  });
  // A worker that does not start, or dies, answers nobody; the next call gets a new one.
  started.addEventListener("error", ({ message }) => {
    worker = undefined;
    for (const { reject } of calls.values()) reject(new Error(message || "the worker ended"));
    calls.clear();
  });
  return started;
}

export function call<Name extends keyof Methods>(
  method: Name,
  args: Args<Name>,
  options: Options = {},
): Promise<Result<Name>> {
  worker ??= start();
  const own = worker;
  const id = next++;
  options.signal?.addEventListener("abort", () => own.postMessage({ stop: id }));
  own.postMessage({ id, method, args });
  return new Promise((resolve, reject) => {
    calls.set(id, { resolve: resolve as Call["resolve"], reject, onProgress: options.onProgress });
  });
}
