/** Fields of a column that stand for categories or classes. */

/** Whole numbers lose a fraction of zeros: programs write 1 as "1.0" in a column that misses a value. */
const canonical = (field: string): string => field.replace(/^([+-]?\d+)[.,]0*$/, "$1");

/** The place of each of `values`, as it is written or in another way. */
export function placesOf(values: readonly string[]): (field: string) => number | undefined {
  const exact = new Map(values.map((value, i) => [value, i]));
  const others = new Map(values.map((value, i) => [canonical(value), i]));
  return (field) => exact.get(field) ?? others.get(canonical(field));
}

/** The distinct fields in ascending order: as numbers where all are, by UTF-16 units otherwise. */
export function distinct(text: readonly (string | null)[]): string[] {
  const written = new Map(text.toReversed().flatMap((value) => (value === null ? [] : [[canonical(value), value]])));
  const values = [...written.values()];
  const numeric = values.every((value) => value !== "" && Number.isFinite(Number(value)));
  return numeric ? values.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)) : values.sort();
}
