/** A path whose layers are all meant ("layer1", "layer1.0.bn1"), or a regular expression for state-dict names. */
export type PathPattern = string | RegExp;

export const matchesPath = (pattern: PathPattern, name: string): boolean =>
  typeof pattern === "string" ? name === pattern || name.startsWith(`${pattern}.`) : name.search(pattern) >= 0;
