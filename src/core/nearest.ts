/** What was probably meant: the nearest of some names, for messages. */

/** Names that are compared, and their letters at most: bounds for names from files. */
const MOST_NAMES = 200;
const LONGEST = 60;

/** The candidate that the fewest letters tell from `name`, at most `most`; capitals do not count. */
export function nearest(name: string, candidates: readonly string[], most: number): string | undefined {
  let best: string | undefined;
  for (const candidate of candidates.slice(0, MOST_NAMES)) {
    if (name.length > LONGEST || candidate.length > LONGEST) continue;
    const letters = distance(name.toLowerCase(), candidate.toLowerCase());
    if (letters <= most) [best, most] = [candidate, letters - 1];
  }
  return best;
}

/** Letters to insert, delete or exchange to make one word of the other (Levenshtein 1966), row by row. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
