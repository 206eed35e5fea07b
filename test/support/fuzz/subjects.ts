// Everything that the package exports, found by looking: functions, classes, and what their instances can do.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Something that can be called with arguments. */
export interface Subject {
  name: string;
  call(...given: unknown[]): unknown;
}

type Callable = (...given: never[]) => unknown;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
export const isClass = (value: unknown): value is new (...given: unknown[]) => object =>
  typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/** Entries whose import is their effect, and files. */
const OTHERS = [
  "./file-system",
  "./thread",
  "./cluster/program",
  "./data/program",
  "./worker/program",
  "./kernels/*",
  "./package.json",
];

/** The module of each entry of the package at `root`, as Node gets it. */
export async function loadEntries(root: URL): Promise<Record<string, Record<string, unknown>>> {
  const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const entries: Record<string, Record<string, unknown>> = {};
  for (const [path, targets] of Object.entries<Record<string, string>>(exports)) {
    if (OTHERS.includes(path)) continue;
    const file = targets.node ?? targets.default!;
    // Not to be followed by bundlers.
    const address = new URL(file, root).href;
    entries[path === "." ? "main" : path.slice(2)] = await import(/* @vite-ignore */ address);
  }
  return entries;
}

export const rootOf = (folder: string): URL => pathToFileURL(`${folder}/`);

/** Functions and constructors among an entry's exports, static methods included. */
export function exported(entry: string, module: Record<string, unknown>): Subject[] {
  return Object.entries(module).flatMap(([key, value]): Subject[] => {
    const name = `${entry}: ${key}`;
    // What errors are made of is the language's own business.
    if (isClass(value) && value.prototype instanceof Error) return [];
    if (isClass(value)) {
      const statics = Object.getOwnPropertyNames(value)
        .filter((method) => typeof Reflect.get(value, method) === "function")
        .map((method) => ({
          name: `${name}.${method}`,
          call: (...given: unknown[]) =>
            (Reflect.get(value, method) as (...given: unknown[]) => unknown).apply(value, given),
        }));
      return [{ name: `new ${name}`, call: (...given) => new value(...given) }, ...statics];
    }
    return typeof value === "function" ? [{ name, call: value as Subject["call"] }] : [];
  });
}

/** What the instances of these classes have of the language itself. */
const FOREIGN = [Object, Function, Array, Map, Set, Promise, Error, ArrayBuffer, Date].map(
  ({ prototype }) => prototype as object,
);

/** Methods, and setters, of an object and of its classes, in front of those of the language. */
export function methodsOf(name: string, of: () => object): Subject[] {
  const subjects = new Map<string, Subject>();
  const sample = of();
  for (
    let at: object | null = sample;
    at && !FOREIGN.includes(at) && !ArrayBuffer.isView(at);
    at = Object.getPrototypeOf(at)
  ) {
    for (const [key, { value, set }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (key === "constructor" || subjects.has(key)) continue;
      if (typeof value === "function" && !isClass(value))
        subjects.set(key, {
          name: `${name}.${key}`,
          call: (...given) => (Reflect.get(of(), key) as Callable).apply(of(), given as never[]),
        });
      if (set) subjects.set(key, { name: `${name}.${key} =`, call: (given) => Reflect.set(of(), key, given) });
    }
  }
  return [...subjects.values()];
}

/** Whether something has methods of its own or of a class of the package. */
export const hasMethods = (value: unknown): value is object =>
  isObject(value) && !ArrayBuffer.isView(value) && methodsOf("", () => value).length > 0;
