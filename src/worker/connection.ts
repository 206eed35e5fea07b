/** The calls between a page and one worker: each is answered, or fails with a typed error. */

import { ArgumentError, expectation, ResnetWasmError, RuntimeSupportError } from "../core/errors.js";
import { messageOf } from "../core/thrown.js";
import type { ModelInfo } from "../model/predictor.js";
import type { Answer, Answers, Arguments, CallName, QuestionName } from "./calls.js";
import { decodeError } from "./errors.js";
import type { Link, StartLink, WorkerSource } from "./link.js";
import type { Response } from "./messages.js";
import { pack } from "./pack.js";

/** A worker that says nothing for this long at its start is given up (ms): its file may have to be downloaded. */
const START_TIMEOUT = 30_000;

/** How long a worker may take to leave in good order (ms). */
const CLOSE_TIMEOUT = 1000;

export interface CallOptions {
  /** Hand the buffers of the arguments over instead of copying them. */
  transfer?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Answer what the call asks of this thread. */
  answers?: Answers | undefined;
  /** Kept from garbage collection until the call has ended. */
  owner?: object;
}

interface Call extends CallOptions {
  method: string;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Reports are worked off one after the other. */
  reports: Promise<void>;
  /** What a function of this thread threw. */
  thrown?: { error: unknown };
  abort?: () => void;
}

let nextConnection = 0;

export class Connection {
  readonly #link: Link;
  readonly #calls = new Map<number, Call>();
  #nextCall = 0;
  #closed = false;
  /** Why the worker is of no more use. */
  #dead: string | null = null;
  /** How the worker's model runs, kept up to date. */
  info: ModelInfo | undefined;
  #left: () => void = () => {};
  #opened: (failure?: string) => void = () => {};

  /** A connection to a worker that has answered. Throws `RuntimeSupportError` where none starts. */
  static async open(start: StartLink, source: WorkerSource | undefined): Promise<Connection> {
    const connection = new Connection(start, source);
    const timer = setTimeout(() => connection.#die(`no answer within ${START_TIMEOUT} ms`), START_TIMEOUT);
    const failure = await new Promise<string | undefined>((resolve) => {
      connection.#opened = resolve;
    });
    clearTimeout(timer);
    if (failure !== undefined) throw new RuntimeSupportError(notStarted(failure));
    return connection;
  }

  private constructor(start: StartLink, source: WorkerSource | undefined) {
    try {
      this.#link = start(source);
    } catch (cause) {
      if (cause instanceof RuntimeSupportError) throw cause;
      throw new RuntimeSupportError(notStarted(messageOf(cause)), { cause });
    }
    this.#link.listen(
      (response) => this.#receive(response),
      (reason) => this.#die(reason),
    );
    this.#link.keepAlive(true);
    this.#link.post({ hello: `resnet-wasm ${nextConnection++} ${performance.timeOrigin} ${performance.now()}` }, []);
  }

  /** Runs a method in the worker. */
  async call<K extends CallName>(method: K, args: Arguments<K>, options: CallOptions = {}): Promise<Answer<K>> {
    const answer = await new Promise<unknown>((resolve, reject) => {
      if (this.#closed) throw disposed(method);
      if (this.#dead !== null) throw dead(method, this.#dead);
      const { signal } = options;
      const id = this.#nextCall++;
      const call: Call = { ...options, method, resolve, reject, reports: Promise.resolve() };
      const list = new Set<ArrayBuffer>();
      try {
        const packed = pack(args, options.transfer ?? false, list);
        this.#link.post({ id, method, args: packed, aborted: signal?.aborted ?? false }, [...list]);
      } catch (cause) {
        throw unsendable(method, cause);
      }
      if (signal && !signal.aborted) {
        call.abort = () => this.#link.post({ abort: id }, []);
        signal.addEventListener("abort", call.abort);
      }
      this.#calls.set(id, call);
      this.#link.keepAlive(true);
    });
    return answer as Answer<K>; // the worker's methods have the same table of types
  }

  /** Tells the worker something that needs no answer. */
  tell<K extends CallName>(method: K, args: Arguments<K>, transfer = false): void {
    if (this.#closed || this.#dead !== null) return;
    const list = new Set<ArrayBuffer>();
    try {
      this.#link.post({ method, args: pack(args, transfer, list) }, [...list]);
    } catch (cause) {
      throw unsendable(method, cause);
    }
  }

  /** Lets the worker leave; calls that are pending fail. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) this.#settle(call, () => call.reject(disposed(call.method)));
    if (this.#dead !== null) return;
    // Its threads end with it where it can still say so; a worker in the middle of a long step is terminated.
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#left = resolve;
      timer = setTimeout(resolve, CLOSE_TIMEOUT);
      this.#link.post({ method: "leave", args: [] }, []);
      this.#link.keepAlive(true);
    });
    clearTimeout(timer);
    this.#dead ??= "closed";
    this.#link.terminate();
  }

  #receive(response: Response): void {
    if ("ready" in response) {
      this.#opened();
      this.#settleKeepAlive();
      return;
    }
    if ("info" in response) {
      Object.assign(this.info ?? {}, response.info);
      return;
    }
    if (response.id < 0) this.#left();
    const call = this.#calls.get(response.id);
    if (!call) return;
    if ("ask" in response) {
      const answer = () => this.#answer(call, response.ask, response.name, response.value);
      // Events keep their order, batches need not wait for callbacks.
      if (response.name.startsWith("on")) call.reports = call.reports.then(answer);
      else void answer();
    } else if ("tell" in response)
      call.reports = call.reports.then(() => this.#report(response.id, call, response.tell, response.value));
    else {
      this.#calls.delete(response.id);
      void call.reports.then(() => this.#settle(call, () => finish(call, response)));
    }
  }

  async #answer(call: Call, question: number, name: QuestionName, value: unknown): Promise<void> {
    const list = new Set<ArrayBuffer>();
    try {
      if (call.thrown) throw call.thrown.error;
      const answer = pack(await answerTo(call, name, value), true, list);
      if (this.#dead === null) this.#link.post({ answer: question, value: answer }, [...list]);
    } catch (error) {
      call.thrown ??= { error };
      if (this.#dead === null) this.#link.post({ answer: question, failed: true }, []);
    }
  }

  async #report(id: number, call: Call, name: QuestionName, value: unknown): Promise<void> {
    if (call.thrown && name !== "classNames") return; // what training has called the classes stays
    try {
      await answerTo(call, name, value);
    } catch (error) {
      call.thrown = { error };
      if (this.#dead === null) this.#link.post({ abort: id }, []);
    }
  }

  #settle(call: Call, end: () => void): void {
    if (call.abort) call.signal?.removeEventListener("abort", call.abort);
    end();
    this.#settleKeepAlive();
  }

  #settleKeepAlive(): void {
    if (this.#calls.size === 0 && this.#dead === null) this.#link.keepAlive(false);
  }

  #die(reason: string): void {
    if (this.#dead !== null) return;
    this.#dead = reason;
    this.#left();
    if (!this.#closed) this.#link.terminate();
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    this.#opened(reason);
    for (const call of calls) this.#settle(call, () => call.reject(dead(call.method, reason)));
  }
}

/** What this thread has to say to a question of the worker. */
function answerTo({ answers }: Call, name: QuestionName, value: unknown): unknown {
  const answer: ((value: never) => unknown) | undefined = answers?.[name];
  return answer?.(value as never);
}

function finish(
  call: Call,
  response: Exclude<Response, { ready: true } | { info: ModelInfo } | { ask: number } | { tell: string }>,
): void {
  if (call.thrown) call.reject(call.thrown.error);
  else if ("value" in response) call.resolve(response.value);
  else if ("error" in response) call.reject(decodeError(response.error));
  else call.reject(call.signal?.reason);
}

const unsendable = (method: string, cause: unknown): Error =>
  new ArgumentError(expectation(method, "arguments", "data that a worker can be sent", String(cause)), { cause });

const HINT = "Host the file resnet-wasm/worker/program and give its address as the option worker";

const notStarted = (reason: unknown): string =>
  expectation("worker", "worker", "one that starts", String(reason), { hint: HINT });

const dead = (method: string, reason: string): Error =>
  new RuntimeSupportError(expectation(method, "worker", "alive", reason));

const disposed = (method: string): Error => new ResnetWasmError(expectation(method, "model", "in use", "disposed"));
