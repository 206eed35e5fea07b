/** What makes one packed text of another that is nearly the same; `src/runtime/changed.ts` makes it. */
import type { Change } from "../../src/runtime/changed.js";

/** Characters that a copy from elsewhere has at least, and one from the same place. */
const [FAR, NEAR] = [8, 3];
/** A copy from the same place is taken unless another is longer by this: its distance takes characters, too. */
const DISTANCE = 6;

export function changes(from: string, to: string): Change[] {
  const places = new Map<string, number[]>();
  for (let i = 0; i + FAR <= from.length; i++) {
    const key = from.slice(i, i + FAR);
    const list = places.get(key);
    if (list) list.push(i);
    else places.set(key, [i]);
  }
  const same = (i: number, j: number): number => {
    let n = 0;
    while (i + n < from.length && j + n < to.length && from[i + n] === to[j + n]) n++;
    return n;
  };
  const found: Change[] = [];
  let text = "";
  let end = 0;
  for (let j = 0; j < to.length; ) {
    const here = end + text.length;
    let best = { at: here, length: same(here, j) };
    if (best.length < NEAR) best.length = 0;
    for (const at of places.get(to.slice(j, j + FAR)) ?? []) {
      const length = same(at, j);
      if (length > best.length + (best.at === here && best.length > 0 ? DISTANCE : 0)) best = { at, length };
    }
    if (best.length === 0) {
      text += to[j++];
      continue;
    }
    found.push([text, best.at - here, best.length]);
    end = best.at + best.length;
    j += best.length;
    text = "";
  }
  return [...found, [text, 0, 0]];
}
