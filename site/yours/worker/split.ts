/** Every fifth of each class is held out: nothing is learned from it, and the answers are judged by it. */
const FIFTH = 5;

export interface Parts {
  train: number[];
  held: number[];
}

/** Of fewer than five samples of each class none is held out; `held` then names all, and `isApart` is false. */
export function heldOut(labels: readonly number[]): Parts & { isApart: boolean } {
  const seen = new Map<number, number>();
  const parts: Parts = { train: [], held: [] };
  labels.forEach((label, i) => {
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    parts[count % FIFTH === 0 ? "held" : "train"].push(i);
  });
  const isApart = parts.held.length > 0;
  return isApart ? { ...parts, isApart } : { train: parts.train, held: parts.train, isApart };
}
