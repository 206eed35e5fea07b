/** What a page and its model's worker say to each other. */
import type { ModelInfo } from "../model/predictor.js";
import type { CallName, QuestionName } from "./calls.js";
import type { ErrorRecord } from "./errors.js";

/** From the page. A call without an id wants no answer. */
export type Request =
  /** The first message: the worker holds the lock of this name, where there are locks, for as long as it lives. */
  | { hello: string }
  | { id?: number; method: CallName; args: unknown[]; aborted?: boolean }
  | { abort: number }
  /** What the page's function for question `answer` gave; `failed`: it threw, and the page keeps the error. */
  | { answer: number; value?: unknown; failed?: boolean };

/** From the worker. */
export type Response =
  /** `locked`: the lock of the first message is held. */
  | { ready: true; locked: boolean }
  /** The model has come to run in another way: on more threads, say. */
  | { info: ModelInfo }
  | { id: number; value: unknown }
  | { id: number; error: ErrorRecord }
  /** The call ended because its signal was aborted, or because a function of the page threw. */
  | { id: number; ended: "aborted" | "failed" }
  /** Call `id` wants something of the page and waits for the answer. */
  | { id: number; ask: number; name: QuestionName; value: unknown }
  /** Call `id` reports and does not wait. */
  | { id: number; tell: QuestionName; value: unknown };
