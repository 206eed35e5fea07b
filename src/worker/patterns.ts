/** Patterns of names on their way to the worker: functions cannot be sent, but the names that they choose can. */
import type { NamePattern } from "../model/names.js";
import type { SentPattern } from "./calls.js";

export const sendPattern = (pattern: NamePattern, names: readonly string[]): SentPattern =>
  typeof pattern === "function" ? { names: names.filter(pattern) } : pattern;

/** What was sent, as a pattern; anything else is refused where it is used. */
export const revivePattern = (sent: SentPattern): NamePattern =>
  typeof sent === "object" && sent !== null && "names" in sent ? (name) => sent.names.includes(name) : sent;
