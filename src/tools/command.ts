/** What commands are made of: their options, how arguments are read, and the help that both give. */
import { parseArgs } from "node:util";
import { nearest } from "../core/nearest.js";

export interface CommandOption {
  /** What stands for its value in the help, `<n>`; without, it is a flag. */
  value?: string;
  short?: string;
  about: string;
}

export interface Command {
  /** The arguments, as the help shows them: `<model> <images…>`. */
  arguments: string;
  /** How many arguments there may be. */
  count: readonly [least: number, most: number];
  /** What it does, in a paragraph. */
  about: string;
  options: Readonly<Record<string, CommandOption>>;
  /** What its exit codes mean. */
  codes: string;
  /** Does it, and gives the exit code. */
  run(given: Given): number | Promise<number>;
}

/** A command, its line in the list of all, and how it is loaded. */
export interface CommandEntry {
  summary: string;
  load(): Promise<Command>;
}

/** The caller's fault: told with the way to the help, exit code 2. */
export class UsageError extends Error {}

const HELP: CommandOption = { short: "h", about: "print this text" };

/** Arguments and options as they were given. */
export class Given {
  readonly arguments: readonly string[];
  readonly #values: ReadonlyMap<string, string | true>;

  constructor(list: readonly string[], values: ReadonlyMap<string, string | true>) {
    this.arguments = list;
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === true ? undefined : value;
  }

  /** A whole number from 1. */
  count(name: string, fallback: number): number {
    const text = this.text(name) ?? String(fallback);
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new UsageError(`--${name} expected a whole number from 1, got ${text}`);
  }

  /** Words apart by commas; none where it was not given. */
  list(name: string): string[] {
    return (this.text(name) ?? "").split(",").flatMap((word) => word.trim() || []);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name);
    const found = values.find((value) => value === text);
    if (text === undefined || found) return found;
    throw new UsageError(`--${name} expected ${values.join(", ")}, got ${text}${meant(text, values)}`);
  }
}

/** `. Did you mean …?`, where something is near. */
export function meant(name: string, names: readonly string[]): string {
  const near = nearest(name, names, name.length > 4 ? 3 : 2);
  return near === undefined ? "" : `. Did you mean ${near}?`;
}

/** Reads the arguments of a command. Throws `UsageError` on what it does not know. */
export function readArguments(name: string, command: Command, args: readonly string[]): Given | "help" {
  const known = { ...command.options, help: HELP };
  const options = Object.fromEntries(
    Object.entries(known).map(([key, { value, short }]) => [
      key,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
    ]),
  );
  const values = new Map<string, string | true>();
  const list: string[] = [];
  for (const token of parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens) {
    if (token.kind === "positional") list.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(known, token.name) ? known[token.name as keyof typeof known] : undefined;
    const names = Object.keys(known).map((each) => `--${each}`);
    if (!option)
      throw new UsageError(
        `${name}: option expected ${names.join(", ")}, got ${token.rawName}${meant(token.rawName, names)}`,
      );
    if (option.value === undefined && token.value !== undefined)
      throw new UsageError(`${name}: ${token.rawName} expected no value, got ${token.value}`);
    if (option.value !== undefined && token.value === undefined)
      throw new UsageError(`${name}: ${token.rawName} expected ${option.value}, got none`);
    values.set(token.name, token.value ?? true);
  }
  if (values.has("help")) return "help";
  const [least, most] = command.count;
  if (list.length < least || list.length > most)
    throw new UsageError(`${name}: arguments expected ${command.arguments || "none"}, got ${list.join(" ") || "none"}`);
  return new Given(list, values);
}

/** Wraps words to lines of at most 100 characters. */
export function wrap(text: string, indent = ""): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/)) {
    if (line.length + word.length > 100 && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join("\n");
}

/** Rows of two columns. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 4;
  return rows
    .map(([left, right]) => `  ${left.padEnd(width - 2)}${wrap(right, " ".repeat(width)).trimStart()}`)
    .join("\n");
}

export function helpOf(name: string, command: Command): string {
  const rows = Object.entries({ ...command.options, help: HELP }).map(([key, { value, short, about }]) => {
    const names = `${short ? `-${short}, ` : ""}--${key}`;
    return [value ? `${names} ${value}` : names, about] as const;
  });
  const usage = `Usage: resnet-wasm ${[name, command.arguments].filter(Boolean).join(" ")} [options]`;
  return `${usage}\n\n${wrap(command.about)}\n\nOptions:\n${columns(rows)}\n\n${wrap(`Exit code: ${command.codes}`)}\n`;
}
