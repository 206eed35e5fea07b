/** The keys of a record that has no others than its type says. */
export const keysOf = <K extends string>(record: Readonly<Record<K, unknown>>): K[] => Object.keys(record) as K[];

/** A record with a value for each of these keys. */
export const recordOf = <K extends string, V>(keys: readonly K[], value: (key: K, i: number) => V): Record<K, V> =>
  Object.fromEntries(keys.map((key, i) => [key, value(key, i)])) as Record<K, V>;

/** Whether something has a method of this name. */
export const hasMethod = <K extends PropertyKey>(value: unknown, name: K): value is { [N in K]: () => unknown } =>
  typeof (value as { [N in K]?: unknown } | null | undefined)?.[name] === "function";
