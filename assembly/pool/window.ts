// Which taps of a pooling window lie inside of an image, along one axis.

/** The first tap of a window that begins at `start` (maybe before the image): 0 <= start + tap * dilation. */
// @ts-ignore: decorator
@inline
export function first_tap(start: i32, dilation: i32): i32 {
  return start < 0 ? (dilation - 1 - start) / dilation : 0;
}

/** The tap after the last one inside of an image of `size`. */
// @ts-ignore: decorator
@inline
export function end_tap(start: i32, dilation: i32, kernel: i32, size: i32): i32 {
  return start >= size ? 0 : min(kernel, (size - 1 - start) / dilation + 1);
}
