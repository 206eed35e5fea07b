/** Packed kernels of one variant, made of those of another: a worker's program has both, in one file. */

/** New text, how far from what it stands in place of the next piece lies, and how long that is. */
export type Change = readonly [text: string, distance: number, length: number];

/** The texts that `changes` makes of `from`, which `scripts/kernel-text/changes.ts` has compared. */
export const changed = (from: readonly string[], all: readonly (readonly Change[])[]): string[] =>
  all.map((changes, i) => {
    let made = "";
    let at = 0;
    for (const [text, distance, length] of changes) {
      at += text.length + distance;
      made += text + from[i].slice(at, at + length);
      at += length;
    }
    return made;
  });
