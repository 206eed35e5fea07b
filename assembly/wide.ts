// Pairs of vectors side by side, for builds that V8 widens (--experimental-wasm-revectorize). It begins at two stores
// 16 bytes apart and joins what leads to them, operation by operation, where both halves are computed alike from loads
// 16 bytes apart. What it takes:
// - no store between two loads, or two stores, of a pair
// - the same pointer for both, a constant offset for the second: Binaryen folds p + 64 into one of them only
// - no vector that comes out of a branch
// - the second store first: otherwise V8 keeps the other as well, beside the joined one, for memory that ends between
//   them, and a loop bound by its stores gains little (Winograd's transform of 8 channels: 44 ns, 34, and 28 so)
// Where `wide` is a constant false, nothing is left of the second half.

/** Bytes from one vector to the next in room for pairs. */
// @ts-ignore: decorator
@inline
export const SLOT: usize = WIDE ? 32 : 16;

/** The vector after the one at p. */
// @ts-ignore: decorator
@inline
export function second(wide: bool, p: usize): v128 {
  return wide ? v128.load(p, 16) : f32x4(0, 0, 0, 0);
}

/** Stores a vector at p and, if wide, the next one. */
// @ts-ignore: decorator
@inline
export function put(wide: bool, p: usize, first: v128, next: v128): void {
  if (wide) v128.store(p, next, 16);
  v128.store(p, first);
}
