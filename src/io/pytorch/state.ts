/** Finds the state dict among what a checkpoint holds: dictionaries, lists, tensors, scalars, records of classes. */
import { ArgumentError, describe, expectation } from "../../core/errors.js";
import { MAX_TENSORS } from "../limits.js";
import { formatError, type Origin } from "../safetensors-header.js";
import { Made, PersistentId } from "./pickle.js";
import { isTensor, nameOf } from "./tensors.js";

/** Where training loops put the weights, the likeliest first. */
const STATE_KEYS =
  "state_dict model_state_dict model module net network weights params ema state_dict_ema model_ema params_ema".split(
    " ",
  );
/** Dictionaries in dictionaries: real checkpoints have three or four. */
const MAX_DEPTH = 16;
/** Of all names: long keys over many tensors would make more text than there is in the file. */
const MAX_CHARACTERS = 2 ** 23;

/** The entries of a dictionary or of an object that was filled like one; undefined for all else. */
function entriesOf(value: unknown): Map<unknown, unknown> | undefined {
  if (!(value instanceof Made)) return undefined;
  const { callee, args, items } = value;
  const isOrdered = /^collections\.(Ord|def)/.test(nameOf(callee));
  if (callee && !isOrdered && !items) return undefined;
  const entries = new Map<unknown, unknown>();
  // Python 2 gives OrderedDict its pairs as an argument.
  const pairs = isOrdered && Array.isArray(args) ? args[0] : null;
  if (Array.isArray(pairs)) for (const pair of pairs) if (Array.isArray(pair)) entries.set(pair[0], pair[1]);
  if (items) for (let i = 0; i < items.length; i += 2) entries.set(items[i], items[i + 1]);
  return entries;
}

/** The value of `key` in a dictionary. */
export const valueAt = (value: unknown, key: string): unknown => entriesOf(value)?.get(key);

/** An object of some class that no tensor is. */
const isObject = (value: unknown): value is Made => value instanceof Made && !isTensor(value) && !entriesOf(value);

/** A value in a few words. */
function kindOf(value: unknown): string {
  if (!isObject(value)) return isTensor(value) ? "a tensor" : describe(value);
  let { callee, args } = value;
  // Python 2's classes are made by a function of copy_reg.
  if (/^copy_?reg/.test(nameOf(callee)) && Array.isArray(args)) callee = args[0];
  // Before 1.6, modules' classes came with their source.
  if (callee instanceof PersistentId && Array.isArray(callee.id)) callee = callee.id[1];
  return `a whole object of class ${nameOf(callee).slice(0, 200)}. Save its state_dict()`;
}

type Leaves = [name: string, tensor: Made][];

export function findState(root: unknown, key: string | undefined, origin: Origin) {
  const metadata: Record<string, string> = Object.create(null);
  const refuse = (name: string, value: unknown) => formatError(origin, name, "a state dict", kindOf(value));
  /** The tensors of the entry that is asked for or the likeliest; else all there are. */
  const find = (name: string, value: unknown, depth: number): Leaves => {
    const entries = entriesOf(value);
    if (!entries) throw refuse(name, value);
    for (const [label, scalar] of entries)
      if (typeof label === "string" && /string|number|bigint|bool/.test(typeof scalar))
        metadata[label] = String(scalar);
    const isAsked = depth === 0 && key !== undefined;
    for (const label of isAsked ? [key] : depth < MAX_DEPTH ? STATE_KEYS : []) {
      const inner = entries.get(label);
      if (isAsked && inner === undefined)
        throw new ArgumentError(expectation(origin.where, "key", describe([...entries.keys()]), key));
      if (isAsked || isObject(inner) || (entriesOf(inner) && leavesOf(inner, origin).length))
        return find(`entry ${describe(label)}`, inner, depth + 1);
    }
    const leaves = leavesOf(value, origin);
    if (!leaves.length)
      for (const [label, inner] of entries) if (isObject(inner)) throw refuse(`entry ${describe(label)}`, inner);
    return leaves;
  };
  return { leaves: find("file", root, 0), metadata };
}

/** All tensors in dictionaries and lists, by the path to them. */
function leavesOf(root: unknown, origin: Origin): Leaves {
  const leaves = new Map<string, Made>();
  const seen = new Set<unknown>();
  let room = MAX_CHARACTERS;
  const visit = (value: unknown, path: string, depth: number): void => {
    if (isTensor(value)) {
      const got = leaves.has(path) ? `${describe(path)} twice` : "more";
      leaves.set(path, value);
      if (got !== "more" || leaves.size > MAX_TENSORS || (room -= path.length) < 0)
        throw formatError(origin, "names", `at most ${MAX_TENSORS}, each once`, got);
      return;
    }
    const entries = Array.isArray(value) ? value.entries() : entriesOf(value);
    // A dictionary may hold itself; one that stands at several places is named after the first.
    if (!entries || seen.has(value) || depth > MAX_DEPTH) return;
    seen.add(value);
    for (const [key, inner] of entries) {
      if (!(inner instanceof Object)) continue;
      const name = typeof key === "object" ? describe(key) : String(key);
      visit(inner, depth ? `${path}.${name}` : name, depth + 1);
    }
  };
  visit(root, "", 0);
  return [...leaves];
}
