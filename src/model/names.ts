/** How parameters, buffers and tensors are chosen by their names. */
import { checked } from "../core/options.js";
import { isTagged } from "../core/tag.js";

/** State-dict names: a path whose layers are all meant ("layer1", "layer1.0.bn1"), a regular expression, or a function. */
export type NamePattern = string | RegExp | ((name: string) => boolean);

/** @deprecated Called `NamePattern`. */
export type PathPattern = NamePattern;

/** A `NamePattern` among options and arguments. */
export const namePattern = () =>
  checked(
    "a path, a regular expression or a function",
    (value): value is NamePattern =>
      typeof value === "string" || typeof value === "function" || isTagged(value, "RegExp"),
  );

/** Whether a parameter is meant; by a path also those of a node of an imported network, whatever the file calls them. */
export const matchesParameter = (pattern: NamePattern, { name, path }: { name: string; path: string }): boolean =>
  matchesName(pattern, name) || (typeof pattern === "string" && path !== "" && matchesName(pattern, path));

function matchesName(pattern: NamePattern, name: string): boolean {
  if (typeof pattern === "function") return pattern(name);
  return typeof pattern === "string" ? name === pattern || name.startsWith(`${pattern}.`) : name.search(pattern) >= 0;
}
