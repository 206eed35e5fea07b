/** A worker as this thread sees it; `hosts/<runtime>/link.ts` makes one. */
import type { Request, Response } from "./messages.js";

/** What is used of a worker of one's own making: a Web Worker, or one of node:worker_threads. */
export interface WorkerLike {
  postMessage(message: unknown, transfer?: never): void;
  terminate(): unknown;
}

/** Where the worker comes from: an address of the file `resnet-wasm/worker/program`, or a function that starts it. */
export type WorkerSource = string | URL | (() => WorkerLike);

export interface Link {
  post(request: Request, transfer: ArrayBuffer[]): void;
  /** Called once. `died` hears the reason in a few words. */
  listen(received: (response: Response) => void, died: (reason: string) => void): void;
  /** While calls are pending, the worker keeps the process alive. */
  keepAlive(pending: boolean): void;
  terminate(): void;
}

export type StartLink = (source: WorkerSource | undefined) => Link;

/**
 * Gives what starts the program that is in the code as text: for bundles of tools that know no workers, which have no file of it.
 * Text is what everyone can load, save where a policy forbids `blob:`.
 */
export type ReadText = () => Promise<() => WorkerLike>;
